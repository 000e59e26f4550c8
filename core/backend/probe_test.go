package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// world is a network with one server in it, for tests inside a synctest bubble.
type world struct {
	mu     sync.Mutex
	mood   string // well, frozen, gone, full, blocked
	knocks []time.Time
	names  []netip.Addr
	dialed []string
}

func (w *world) set(mood string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mood = mood
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.knocks)
}

func (w *world) dial(_ context.Context, _, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.knocks = append(w.knocks, time.Now())
	w.dialed = append(w.dialed, address)
	if w.mood == "gone" {
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	}
	client, server := net.Pipe()
	go func(mood string) {
		defer server.Close()
		go func() { _, _ = io.Copy(io.Discard, server) }()
		c := wire.NewConn(server)
		switch mood {
		case "well":
			g := wire.Greeting{Version: "8.4.0", Scramble: challenge, Caps: fakeCaps, Plugin: wire.Native}
			_ = c.WritePacket(g.Append(nil))
			c.Seq = 2
			_ = c.WritePacket(wire.AppendErr(nil, &wire.Err{Code: 1045}, wire.Protocol41))
		case "full":
			_ = c.WritePacket(wire.AppendErr(nil, &wire.Err{Code: 1040}, 0))
		case "blocked":
			_ = c.WritePacket(wire.AppendErr(nil, &wire.Err{Code: codeHostBlocked}, 0))
		case "frozen":
			_, _ = io.Copy(io.Discard, server)
		}
	}(w.mood)
	return client, nil
}

func (w *world) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.names) == 0 {
		return nil, errors.New("no such host " + host)
	}
	return w.names, nil
}

// watched commits a pool of one backend in a world, with default settings.
func watched(t *testing.T, w *world, address string, r Reporter) (*Set, *Source) {
	t.Helper()
	s := New(nil, r)
	s.net.dial, s.net.lookup = w.dial, w.lookup
	commit(t, s, idle("main", address))
	return s, s.Sources()[0]
}

// until waits for a state and says how long it took.
func until(t *testing.T, src *Source, want core.State, limit time.Duration) time.Duration {
	t.Helper()
	start := time.Now()
	for src.Backend.State() != want {
		if time.Since(start) > limit {
			t.Fatalf("the backend is %s after %s, want %s", src.Backend.State(), limit, want)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(start)
}

func TestFrozenServerIsDownWithinThreeSeconds(t *testing.T) {
	for range 20 { // the jitter differs
		synctest.Test(t, func(t *testing.T) {
			w := &world{mood: "well"}
			s, src := watched(t, w, "192.0.2.1:3306", nil)
			defer s.Close()
			until(t, src, core.Up, time.Second)
			time.Sleep(3300 * time.Millisecond)
			w.set("frozen")
			until(t, src, core.Down, 3*time.Second)
			w.set("well")
			if took := until(t, src, core.Up, 3*time.Second); took < 700*time.Millisecond {
				t.Errorf("up after %s, which can't be two successes", took)
			}
		})
	}
}

func TestFrozenServerWithTrafficIsDownWithinThreeSeconds(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			w := &world{mood: "well"}
			s, src := watched(t, w, "192.0.2.1:3306", nil)
			defer s.Close()
			until(t, src, core.Up, time.Second)
			src.Backend.AddSession(1)
			for i := range 1000 {
				src.SawAlive(time.Duration(i))
				time.Sleep(7 * time.Millisecond)
			}
			w.set("frozen")
			until(t, src, core.Down, 3*time.Second)
		})
	}
}

func TestLiveTrafficMakesUpForProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{mood: "well"}
		s, src := watched(t, w, "192.0.2.1:3306", nil)
		defer s.Close()
		until(t, src, core.Up, time.Second)
		src.Backend.AddSession(1)
		before := w.count()
		for i := range 600 {
			src.SawAlive(time.Duration(i))
			time.Sleep(100 * time.Millisecond)
		}
		if n := w.count() - before; n > 1 {
			t.Errorf("%d probes in a minute of traffic", n)
		}
	})
}

func TestIdleServerIsProbedLessOftenAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{mood: "well"}
		s, src := watched(t, w, "192.0.2.1:3306", nil)
		defer s.Close()
		time.Sleep(50 * time.Second)
		if n := w.count(); n < 50 || n > 70 {
			t.Errorf("%d probes in the first 50 s", n)
		}
		time.Sleep(50 * time.Second)
		before := w.count()
		time.Sleep(100 * time.Second)
		if n := w.count() - before; n < 10 || n > 15 {
			t.Errorf("%d probes in 100 quiet seconds", n)
		}
		src.Backend.AddSession(1)
		src.Backend.Begin() // a command that gets no answer
		w.set("frozen")
		until(t, src, core.Down, 3*time.Second)
	})
}

func TestRefusedConnectionIsDownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{mood: "well"}
		s, src := watched(t, w, "192.0.2.1:3306", nil)
		defer s.Close()
		until(t, src, core.Up, time.Second)
		w.set("gone")
		src.SawFailure(fmt.Errorf("dial: %w", syscall.ECONNREFUSED))
		until(t, src, core.Down, 300*time.Millisecond)
	})
}

func TestTroubleOfManySessionsIsFewProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{mood: "well"}
		s, src := watched(t, w, "192.0.2.1:3306", nil)
		defer s.Close()
		until(t, src, core.Up, time.Second)
		before := w.count()
		for range 10_000 {
			src.SawFailure(io.ErrUnexpectedEOF)
			time.Sleep(time.Millisecond / 10)
		}
		if n := w.count() - before; n < 3 || n > 6 {
			t.Errorf("%d probes in a second of trouble", n)
		}
		before = w.count()
		for range 1000 {
			src.SawFailure(&wire.Err{Code: 1045})
			src.SawFailure(ErrFullAuth)
			time.Sleep(time.Millisecond / 10)
		}
		if n := w.count() - before; n > 1 {
			t.Errorf("%d probes in 100 ms of wrong passwords", n)
		}
	})
}

func TestAnswersThatOnlyALiveServerGives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{mood: "full"}
		s, src := watched(t, w, "192.0.2.1:3306", nil)
		defer s.Close()
		until(t, src, core.Up, time.Second) // too many connections: it is alive
		w.set("blocked")
		until(t, src, core.Down, 3*time.Second) // it takes nobody from here
	})
}

func TestProbesKeepNoStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{mood: "well"}
		s, _ := watched(t, w, "192.0.2.1:3306", nil)
		time.Sleep(40 * time.Second)
		s.Close()
		least, most := time.Hour, time.Duration(0)
		for i := range w.knocks[1:] {
			d := w.knocks[i+1].Sub(w.knocks[i])
			least, most = min(least, d), max(most, d)
		}
		if most > time.Second || most-least < 150*time.Millisecond || least < 740*time.Millisecond {
			t.Errorf("probes come after %s to %s", least, most)
		}
	})
}

func TestRemovedBackendIsNoLongerProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{mood: "frozen"}
		s, src := watched(t, w, "192.0.2.1:3306", nil)
		defer s.Close()
		time.Sleep(500 * time.Millisecond) // in the midst of a probe
		commit(t, s, idle("main", "unix:/nowhere"))
		time.Sleep(time.Minute)
		if src.Backend.State() != core.Draining {
			t.Errorf("it is %s", src.Backend.State())
		}
		s.Close()
		for _, a := range w.dialed[1:] {
			if a == "192.0.2.1:3306" {
				t.Error("it was probed after it was removed")
			}
		}
	})
}

func TestNamesAreResolvedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")
		w := &world{mood: "well"}
		s, src := watched(t, w, "db.example:3306", nil)
		defer s.Close()
		if _, ok := src.Addr(); ok {
			t.Error("an address before the name was resolved")
		}
		expect := func(after time.Duration, want netip.Addr, names ...netip.Addr) {
			t.Helper()
			w.mu.Lock()
			w.names = names
			w.mu.Unlock()
			time.Sleep(after)
			if a, ok := src.Addr(); !ok || a.IP.Addr() != want || a.IP.Port() != 3306 {
				t.Errorf("address %s (%v), want %s", a, ok, want)
			}
		}
		time.Sleep(3 * time.Second)
		if src.Backend.State() != core.Down {
			t.Errorf("a name without an address is %s", src.Backend.State())
		}
		expect(5*time.Second, one, one)
		expect(5*time.Second, one, two, one, six) // it is still there: stay
		expect(5*time.Second, six, six, two)      // it has gone: move
		expect(30*time.Second, six)               // the resolver fails: what was known holds
		if src.Backend.State() != core.Up {
			t.Errorf("a failing resolver makes the backend %s", src.Backend.State())
		}
	})
}

func TestProbeWaitsForTheFirstGreeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{mood: "well"}
		s, _ := watched(t, w, "192.0.2.1:3306", nil)
		defer s.Close()
		s.Probe(t.Context())
		if g, ok := s.Greeting("main"); !ok || g.Version != "8.4.0" {
			t.Errorf("greeting %+v, %v", g, ok)
		}
		w.set("frozen")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		s.Probe(ctx) // returns with its context
	})
}

// journal is a Reporter that keeps what it was told.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) StateChanged(b *core.Backend, from, to core.State, reason string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%s: %s to %s: %s", b.Name, from, to, reason))
}

func (j *journal) Probed(*core.Backend, time.Duration, error) {}
func (j *journal) Unencrypted(*core.Backend)                  {}

func TestChangesOfStateAreToldWithTheirReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := &world{mood: "well"}, &journal{}
		s, src := watched(t, w, "192.0.2.1:3306", j)
		until(t, src, core.Up, time.Second)
		w.set("frozen")
		until(t, src, core.Down, 3*time.Second)
		s.Close()
		if len(j.lines) != 2 || !strings.Contains(j.lines[1], "up to down: no answer within 800ms") {
			t.Errorf("%q", j.lines)
		}
	})
}
