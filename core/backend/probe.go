package backend

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// resolveEvery is how often a host name is resolved anew.
const resolveEvery = 5 * time.Second

// prober watches one backend from one goroutine. Its fields belong to that goroutine but
// for the channels.
type prober struct {
	src    *Source
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	ask    chan chan struct{} // a probe is wanted now; closed when it has ended
	ended  chan struct{}

	fails, passes int
	due           time.Time // of the next probe
	renew         time.Time // of the next look-up of the name
	last          time.Time // when the last probe ended
	slow          bool      // the last probe failed by waiting
	alive         int64     // of the last look at live traffic
	line          line      // to the server, by the control account
}

// start gives a Source its prober, in place of the one of its predecessor. It is called
// under the lock of the Set.
func (s *Set) start(src *Source) {
	if s.ctx.Err() != nil {
		return
	}
	p := &prober{src: src, ask: make(chan chan struct{}), ended: make(chan struct{})}
	p.log = s.log.With("pool", src.Backend.Pool, "backend", src.Backend.Name)
	p.ctx, p.cancel = context.WithCancel(s.ctx)
	src.known.own(p)
	if src.mode == TLSPrefer {
		p.log.Warn("connections to the backend are encrypted only if it offers TLS, and never verified; set tls.ca")
	}
	s.probing.Go(p.run)
}

// remove ends the probes of a Source that is no longer in the config. It is called under
// the lock of the Set.
func (s *Set) remove(src *Source) {
	src.known.own(nil)
	src.known.removed.Store(true)
	s.change(src, core.Draining, "removed from the configuration")
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

func (s *Set) change(src *Source, to core.State, reason string) {
	from := src.Backend.SetState(to)
	s.log.Info("backend changed state", "pool", src.Backend.Pool, "backend", src.Backend.Name,
		"from", from.String(), "to", to.String(), "reason", reason)
	s.report.StateChanged(src.Backend, from, to, reason)
}

// probeNow has the backend probed and waits for that; a probe that is under way is let end
// first. A removed backend isn't probed.
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
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (p *prober) run() {
	defer close(p.ended)
	defer func() { p.line.hangUp() }()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
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

// jittered takes up to a fifth off d, so that many probers don't keep step.
func jittered(d time.Duration) time.Duration {
	return d - rand.N(d/5+1)
}

// wake does what is due.
func (p *prober) wake() {
	now := time.Now()
	if !now.Before(p.renew) && !p.renew.IsZero() {
		p.resolve()
	}
	// Whoever answers commands needs no probe. When it answered isn't known, only that it
	// was since the last look; that is why looks are frequent, see pause.
	if alive := p.src.known.alive.Load(); alive != p.alive && p.fails == 0 && p.src.Backend.State() == core.Up {
		p.alive = alive
		p.due = now.Add(jittered(p.src.Pool.Health.Interval))
	}
	if !now.Before(p.due) {
		p.probe()
	}
}

// hurry brings the next probe forward after a session's trouble, but not so far that a
// crowd of failing sessions makes a crowd of probes.
func (p *prober) hurry() {
	soon := p.last.Add(p.src.Pool.Health.Interval / 10)
	if p.src.Backend.State() != core.Down && soon.Before(p.due) {
		p.due = soon
	}
}

// pause is how long nothing is due.
func (p *prober) pause(now time.Time) time.Duration {
	d := p.due.Sub(now)
	if p.src.Backend.Sessions() > 0 {
		d = min(d, p.src.Pool.Health.Interval/4)
	}
	if !p.renew.IsZero() {
		d = min(d, p.renew.Sub(now))
	}
	return max(d, 0)
}

func (p *prober) resolve() {
	ctx, cancel := context.WithTimeout(p.ctx, p.src.Pool.Health.Timeout)
	defer cancel()
	before, had := p.src.Addr()
	err := p.src.refresh(ctx)
	p.renew = time.Now().Add(jittered(resolveEvery))
	after, has := p.src.Addr()
	switch {
	case err != nil && p.ctx.Err() == nil:
		p.log.Warn("can't resolve the backend's name", "error", err)
	case has && had && before != after:
		p.log.Info("the backend's name has a new address", "from", before.String(), "to", after.String())
		p.line.hangUp()
	}
}
