package guest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// pool holds a program's instances, each in a slot of its own. Borrowing one takes it out of
// its slot, without a lock. Whatever else happens to instances happens under mu.
type pool struct {
	slots []slot
	// attention is not 0 if somebody must hear of returned instances: waiters, and Close.
	attention atomic.Int32
	returned  chan struct{} // wakes one waiter a token
	done      chan struct{}

	mu      sync.Mutex
	closed  bool
	used    []bool // slots that have an instance, or get one
	live    int    // how many
	broken  []int  // slots whose instance is to be replaced
	at      bool   // a goroutine replaces them
	retry   time.Time
	failure error // of the last attempt to make an instance
	stats   Stats
}

// slot has a cache line of its own. Who turns idle from 1 to 0 has the instance; an
// atomic pointer would be a little slower.
type slot struct {
	idle atomic.Uint32
	in   *instance
	_    [48]byte
}

// put makes the slot's instance available.
func (s *slot) put(in *instance) {
	s.in = in
	s.idle.Store(1)
}

// retryAfter is how long a program does not try again to make an instance when it failed.
const retryAfter = 100 * time.Millisecond

func (p *pool) prepare(n int) {
	p.slots, p.used = make([]slot, n), make([]bool, n)
	p.returned, p.done = make(chan struct{}, n), make(chan struct{})
}

func (p *pool) first(in *instance) {
	p.used[in.slot], p.live = true, 1
	p.slots[in.slot].put(in)
}

// take gets an idle instance, nil if there is none; hint is where it looks first.
func (p *pool) take(hint int) *instance {
	for i := range p.slots {
		at := hint + i
		if at >= len(p.slots) {
			at -= len(p.slots)
		}
		if s := &p.slots[at]; s.idle.Load() == 1 && s.idle.CompareAndSwap(1, 0) {
			return s.in
		}
	}
	return nil
}

// put gives an instance back.
func (p *Program) put(in *instance) {
	p.slots[in.slot].idle.Store(1)
	if p.attention.Load() != 0 {
		p.attend()
	}
}

// attend wakes a waiter. A closed program takes its instances away.
func (p *Program) attend() {
	select {
	case p.returned <- struct{}{}:
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.reap()
	}
}

// borrow gets an instance, makes one, or waits for one.
func (p *Program) borrow(ctx context.Context, c *Call, hook abi.Hook) (*instance, error) {
	if c.hint >= len(p.slots) { // it was used with another program
		c.hint = 0
	}
	in := p.take(c.hint)
	if in == nil {
		var err error
		if in, err = p.wait(ctx, c, hook); err != nil {
			return nil, err
		}
	}
	c.hint = in.slot
	return in, nil
}

func (p *Program) wait(ctx context.Context, c *Call, hook abi.Hook) (*instance, error) {
	p.attention.Add(1)
	defer p.attention.Add(-1)
	timer := time.NewTimer(p.limits.Wait)
	defer timer.Stop()
	for {
		if in := p.take(c.hint); in != nil {
			return in, nil
		}
		slot, err := p.reserve()
		if err == nil && slot >= 0 {
			var in *instance
			if in, err = p.fill(slot); err == nil {
				return in, nil
			}
		}
		if err == ErrClosed {
			return nil, err
		}
		if err != nil {
			reason := "no instance can be made"
			var broke *Fault
			if errors.As(err, &broke) {
				reason += ": " + broke.Text
			}
			return nil, p.busy(hook, reason, err.Error())
		}
		select {
		case <-p.returned:
		case <-timer.C:
			return nil, p.busy(hook, fmt.Sprintf("all %d instances were busy for %s", len(p.slots), p.limits.Wait), "")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// busy is the fault of a hook without an instance. The reason is for clients, unlike the trace,
// which may be the guest's own words.
func (p *Program) busy(hook abi.Hook, reason, trace string) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Faults[Busy]++
	return &Fault{Kind: Busy, Hook: hook, Text: hook.String() + " can't run: " + reason, Trace: trace}
}

// reserve gives a free slot, -1 if all are used. It is an error if there is no instance to
// wait for and making one just failed.
func (p *Program) reserve() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, ErrClosed
	}
	if p.failure != nil && time.Now().Before(p.retry) {
		if p.live == 0 {
			return 0, p.failure
		}
		return -1, nil
	}
	for i, used := range p.used {
		if !used {
			p.used[i] = true
			p.live++
			return i, nil
		}
	}
	return -1, nil
}

// fill makes the instance of a reserved slot.
func (p *Program) fill(slot int) (*instance, error) {
	in, _, err := p.newInstance(slot)
	p.slots[slot].in = in
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.failure, p.retry = err, time.Now().Add(retryAfter)
		p.stats.Refused++
		p.vacate(slot)
		return nil, err
	}
	p.failure = nil
	return in, nil
}

// vacate frees a slot. The last one of a closed program ends it.
func (p *Program) vacate(slot int) {
	p.used[slot] = false
	if p.live--; p.live == 0 && p.closed {
		p.end()
	}
}

// end gives back what the instances had in common.
func (p *Program) end() {
	p.code.close()
	close(p.done)
}

// discard closes a broken instance and has it replaced, one at a time and not by the caller.
func (p *Program) discard(in *instance, kind Kind) {
	in.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Faults[kind]++
	if p.closed {
		p.vacate(in.slot)
		return
	}
	p.broken = append(p.broken, in.slot)
	if !p.at {
		p.at = true
		go p.replace()
	}
}

func (p *Program) replace() {
	for {
		p.mu.Lock()
		if len(p.broken) == 0 {
			p.at = false
			p.mu.Unlock()
			return
		}
		slot := p.broken[0]
		p.broken = p.broken[1:]
		if p.closed {
			p.vacate(slot)
			p.mu.Unlock()
			continue
		}
		p.mu.Unlock()
		in, err := p.fill(slot)
		if err == nil {
			p.mu.Lock()
			p.stats.Replaced++
			p.mu.Unlock()
			p.slots[slot].put(in)
		}
		if p.attention.Load() != 0 {
			p.attend()
		}
	}
}

// Close gives everything back once the calls in flight have ended: at once if there are none,
// else when the last one returns. Calls that come later get ErrClosed.
func (p *Program) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	p.attention.Add(1) // for good: put looks here
	if p.live == 0 {   // none could be made in the place of the last one
		p.end()
		return nil
	}
	p.reap()
	return nil
}

// reap closes the idle instances of a closed program.
func (p *Program) reap() {
	for {
		in := p.take(0)
		if in == nil {
			return
		}
		in.close()
		p.vacate(in.slot)
	}
}

// Done is closed when Close has given everything back.
func (p *Program) Done() <-chan struct{} { return p.done }

// Stats are a program's figures now.
type Stats struct {
	Instances int           // that exist or are being made
	Idle      int           // of them
	Memory    core.Size     // their linear memory
	Faults    [Kinds]uint64 // since Load
	Replaced  uint64        // instances made in the place of broken ones
	Refused   uint64        // instances that could not be made
	LogLines  uint64        // lines that were dropped over the limit
}

// Stats gives them.
func (p *Program) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Instances, s.Memory, s.LogLines = p.live, core.Size(p.held.Load()), p.lines.total()
	for i := range p.slots {
		if p.slots[i].idle.Load() == 1 {
			s.Idle++
		}
	}
	return s
}
