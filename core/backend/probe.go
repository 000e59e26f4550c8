package backend

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

const (
	// resolveEvery is how often a host name is resolved anew.
	resolveEvery = 5 * time.Second
	// quietAfter is after how many intervals without demand a backend is probed less often,
	// and quietFactor is how much less: each knock is a line in the log of many servers.
	quietAfter, quietFactor = 60, 10
)

// prober watches one backend from one goroutine. Its fields belong to that goroutine but
// for the channels.
type prober struct {
	src    *Source
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	ask    chan chan struct{} // a probe is wanted now; closed when it has ended
	ended  chan struct{}
	lagged <-chan struct{} // closed when the lag was looked at once

	fails, passes int
	due           time.Time // of the next probe
	last          time.Time // when the last probe ended
	renew         time.Time // of the next look-up of the name; zero before the first
	demand        time.Time // when somebody was last seen to need the backend
	looked        time.Time // when the last look was
	alive         int64     // as it was at the last look
	sessions      int64     // likewise

	line      line      // to the server, by the control account
	relogin   time.Time // not before
	complaint string    // the last one about the control account
}

// start gives a Source its prober, in place of the one of its predecessor. It is called
// under the lock of the Set.
func (s *Set) start(src *Source) {
	if s.ctx.Err() != nil {
		return
	}
	p := &prober{src: src, ask: make(chan chan struct{}), ended: make(chan struct{}), demand: time.Now()}
	p.log = s.log.With("pool", src.Backend.Pool, "backend", src.Backend.Name)
	p.ctx, p.cancel = context.WithCancel(s.ctx)
	src.known.own(p)
	src.known.ask(newAsker(p), &s.probing)
	p.lagged = s.watchLag(p)
	if src.mode == TLSPrefer {
		p.log.Warn("connections to the backend are encrypted only if it offers TLS, and never verified; set tls.ca")
	}
	s.probing.Go(p.run)
}

// remove ends the probes of a Source that is no longer in the config. It is called under
// the lock of the Set.
func (s *Set) remove(src *Source) {
	src.known.own(nil)
	now := time.Now()
	src.known.removed.Store(&now)
	from := src.Backend.SetState(core.Draining)
	const reason = "removed from the configuration"
	s.log.Info("backend changed state", "pool", src.Backend.Pool, "backend", src.Backend.Name,
		"from", from.String(), "to", core.Draining.String(), "reason", reason)
	s.report.StateChanged(src.Backend, from, core.Draining, reason)
}

// own puts p in charge and ends the prober that was before. Nil leaves nobody in charge.
func (k *knowledge) own(p *prober) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.owner != nil {
		k.owner.cancel()
	}
	k.owner = p
}

// probeNow has the backend probed and waits for that, and for the first look at its lag; a
// probe that is under way is let end first. A removed backend isn't probed.
func (s *Source) probeNow(ctx context.Context) {
	s.known.mu.Lock()
	p := s.known.owner
	s.known.mu.Unlock()
	if p == nil {
		return
	}
	done := make(chan struct{})
	select {
	case p.ask <- done:
	case <-p.ended:
		return
	case <-ctx.Done():
		return
	}
	for _, end := range []<-chan struct{}{done, p.lagged} {
		select {
		case <-end:
		case <-p.ended:
		case <-ctx.Done():
		}
	}
}

func (p *prober) run() {
	defer close(p.ended)
	defer p.cancel()
	defer p.line.hangUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for p.ctx.Err() == nil {
		select {
		case <-p.ctx.Done():
		case done := <-p.ask:
			p.probe()
			close(done)
		case <-p.src.known.trouble:
			p.hurry()
		case <-timer.C:
			p.wake()
		}
		timer.Reset(p.pause(time.Now()))
	}
}

// jittered takes up to a quarter off d, so that many probers don't keep step.
func jittered(d time.Duration) time.Duration {
	return d - rand.N(d/4+1)
}

// interval is how long a server that answers is left alone.
func (p *prober) interval() time.Duration {
	d := p.src.Pool.Health.Interval
	// Where another backend could serve in its place, the state must always be fresh.
	alone := len(p.src.Pool.Backends) < 2
	if alone && !p.line.open() && p.last.Sub(p.demand) > quietAfter*d {
		d *= quietFactor
	}
	return jittered(d)
}

// wake does what is due.
func (p *prober) wake() {
	now := time.Now()
	if !p.renew.IsZero() && !now.Before(p.renew) {
		p.resolve()
	}
	p.look(now)
	if !now.Before(p.due) {
		p.probe()
	}
}

// look sees what sessions do. Whoever answers them needs no probe. When it answered isn't
// known, only that it was since the last look, from which the next probe's time is counted:
// a server that froze right after an answer must not gain the time between two looks.
// New sessions and commands without an answer end the quiet time.
func (p *prober) look(now time.Time) {
	b := p.src.Backend
	alive, sessions := p.src.known.alive.Load(), b.Sessions()
	answered := alive != p.alive
	if answered && p.fails == 0 && b.State() == core.Up {
		p.demand = now
		if due := p.looked.Add(p.interval()); due.After(p.due) {
			p.due = due
		}
	} else if sessions != p.sessions || b.Running() > 0 {
		p.demand = now
		if soon := p.last.Add(p.interval()); soon.Before(p.due) {
			p.due = soon
		}
	}
	p.alive, p.sessions, p.looked = alive, sessions, now
}

// hurry brings the next probe forward after a session's trouble, but not so far that a
// crowd of failing sessions makes a crowd of probes.
func (p *prober) hurry() {
	p.demand = time.Now()
	soon := p.last.Add(p.src.Pool.Health.Interval / 4)
	if p.src.Backend.State() != core.Down && soon.Before(p.due) {
		p.due = soon
	}
}

// pause is how long nothing is due.
func (p *prober) pause(now time.Time) time.Duration {
	d := min(p.due.Sub(now), p.src.Pool.Health.Interval)
	if p.src.Backend.Sessions() > 0 {
		d = min(d, p.src.Pool.Health.Interval/4)
	}
	if !p.renew.IsZero() {
		d = min(d, p.renew.Sub(now))
	}
	return max(d, 0)
}

// resolve looks the name up again. The control line follows it to a new address.
func (p *prober) resolve() {
	ctx, cancel := context.WithTimeout(p.ctx, p.src.Pool.Health.Timeout)
	defer cancel()
	before, _ := p.src.Addr()
	err := p.src.refresh(ctx)
	p.renew = time.Now().Add(jittered(resolveEvery))
	if after, _ := p.src.Addr(); after != before {
		p.log.Info("the backend's name has a new address", "from", before.String(), "to", after.String())
		p.line.hangUp()
		p.due = time.Now()
	}
	if err != nil && p.ctx.Err() == nil {
		p.log.Warn("can't resolve the backend's name", "error", err)
	}
}
