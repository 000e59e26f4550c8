package guest

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
)

// lines writes guests' lines into dbmesh's log, so many a second. What is dropped is counted
// and told once a second.
type lines struct {
	log  *slog.Logger
	most int

	mu      sync.Mutex
	second  int64
	n       int
	dropped uint64 // in this second
	all     uint64
}

func newLines(log *slog.Logger, filter string, most int) *lines {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &lines{log: log.With("filter", filter), most: most}
}

func (l *lines) write(level slog.Level, text []byte) {
	allowed, dropped := l.allow(time.Now().Unix())
	if dropped > 0 {
		l.log.Warn("filter writes too much, lines were dropped", "lines", dropped, "limit_per_second", l.most)
	}
	if allowed {
		l.log.Log(context.Background(), level, strings.ToValidUTF8(string(text), "?"))
	}
}

// allow says whether a line may be written now, and how many were dropped in an earlier second.
func (l *lines) allow(second int64) (bool, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dropped := uint64(0)
	if second != l.second {
		l.second, l.n, dropped, l.dropped = second, 0, l.dropped, 0
	}
	if l.n >= l.most {
		l.dropped++
		l.all++
		return false, dropped
	}
	l.n++
	return true, dropped
}

func (l *lines) total() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// maxSaid is how much of a call's standard error is kept, to tell why it broke.
const maxSaid = 2 << 10

// output is an instance's standard output and error.
type output struct {
	lines *lines
	part  []byte // of a line
	said  []byte // on standard error since the hook began, its first bytes
}

func (o *output) write(fd uint32, text []byte) {
	if fd == 2 && len(o.said) < maxSaid {
		o.said = append(o.said, text[:min(len(text), maxSaid-len(o.said))]...)
	}
	for len(text) > 0 {
		line, rest, found := bytes.Cut(text, []byte{'\n'})
		room := abi.MaxLogLine - len(o.part)
		o.part = append(o.part, line[:min(len(line), room)]...)
		if found {
			o.flush()
		}
		text = rest
	}
}

func (o *output) flush() {
	if len(o.part) > 0 {
		o.lines.write(slog.LevelInfo, o.part)
		o.part = o.part[:0]
	}
}
