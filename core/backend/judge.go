package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// probe asks the server once and draws the consequence.
func (p *prober) probe() {
	health := p.src.Pool.Health
	ctx, cancel := context.WithTimeout(p.ctx, health.Timeout)
	defer cancel()
	start, before := time.Now(), p.src.known.alive.Load()
	err := p.check(ctx)
	if p.ctx.Err() != nil {
		return // it was cut short and says nothing
	}
	p.last = time.Now()
	took := p.last.Sub(start)
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s: %w", health.Timeout, err)
	}
	p.alive = p.src.known.alive.Load()
	failure := err
	if err != nil && p.alive != before && !nobodyListens(err) {
		err = nil // sessions had answers meanwhile: perhaps the probe had bad luck; look again soon
	}
	p.src.report.Probed(p.src.Backend, took, err)
	p.judge(err)
	p.due = p.last.Add(p.next(failure, took))
}

// next is how long to wait for the next probe. A first failure is looked into soon, for
// Fall failures in a row must not take as many intervals.
func (p *prober) next(err error, took time.Duration) time.Duration {
	health := p.src.Pool.Health
	switch {
	case err == nil:
		return p.interval()
	case p.src.Backend.State() == core.Down:
		return jittered(health.Interval)
	case took >= health.Timeout/2:
		return 0
	}
	return jittered(health.Interval / 4)
}

// judge changes the state after a probe.
func (p *prober) judge(err error) {
	health, state := p.src.Pool.Health, p.src.Backend.State()
	if err == nil {
		p.fails = 0
		p.passes++
		if state == core.Unknown {
			p.change(core.Up, "it answers")
		} else if state == core.Down && p.passes >= health.Rise {
			p.relogin, p.demand = time.Time{}, p.last
			p.change(core.Up, fmt.Sprintf("it answered %d times in a row", p.passes))
		}
		return
	}
	p.passes = 0
	p.fails++
	if state != core.Down && (p.fails >= health.Fall || nobodyListens(err)) {
		p.change(core.Down, err.Error())
	}
}

// change sets the state unless another prober has taken over or the backend was removed.
func (p *prober) change(to core.State, reason string) {
	var from core.State
	if !p.ifOwner(func() { from = p.src.Backend.SetState(to) }) {
		return
	}
	log := p.log.Info
	if to == core.Down {
		log = p.log.Warn
	}
	log("backend changed state", "from", from.String(), "to", to.String(), "reason", reason)
	p.src.report.StateChanged(p.src.Backend, from, to, reason)
}

// ifOwner calls f if p is in charge, and no other prober takes over before it returns.
func (p *prober) ifOwner(f func()) bool {
	k := p.src.known
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.owner != p {
		return false
	}
	f()
	return true
}
