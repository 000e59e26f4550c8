package slowlog

import "sync/atomic"

// limiter lets about perSecond calls pass in each second. Calls that see a second begin
// at the same moment may pass a few more.
type limiter struct {
	perSecond int64
	second    atomic.Int64
	passed    atomic.Int64
}

func (l *limiter) allow(second int64) bool {
	if now := l.second.Load(); second > now && l.second.CompareAndSwap(now, second) {
		l.passed.Store(0)
	}
	return l.passed.Add(1) <= l.perSecond
}
