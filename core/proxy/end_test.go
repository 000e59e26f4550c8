package proxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// diary writes down when sessions come and go, and when their commands end.
type diary struct {
	mu    sync.Mutex
	lines []string
	flips *atomic.Int64 // slow at every other question; nil for never
}

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, ", ")
}

func (d *diary) OnConnect(_ context.Context, s *core.Session) (core.Verdict, error) {
	d.add("hello %s", s.User)
	if was := s.Kept(d); was != nil {
		d.add("kept %v", was)
	}
	s.Keep(d, s.User)
	if s.User == "denied" {
		return core.Deny(1045, "28000", "no"), nil
	}
	return core.Continue(), nil
}

func (d *diary) OnCommand(context.Context, *core.Command) (core.Verdict, error) {
	return core.Continue(), nil
}

func (d *diary) OnDone(c *core.Command, _ *core.Outcome) { d.add("done %s", c.SQL) }

func (d *diary) OnSessionEnd(s *core.Session) { d.add("bye %v", s.Kept(d)) }

func (d *diary) Slow() bool { return d.flips != nil && d.flips.Add(1)%2 == 0 }

func (d *diary) kind(slow bool) core.Kind {
	return core.Kind{New: func(string, core.Decode) (core.Filter, error) { return d, nil }, Slow: slow}
}

// parting runs a mesh whose fake server answers all but "SELECT sleep".
func parting(t *testing.T, d *diary, slow bool) *mesh {
	m := &mesh{t: t, links: []core.Kind{d.kind(slow)}, serve: func(p *peer) {
		p.commands(func(b []byte) error {
			if string(b[1:]) == "SELECT sleep" {
				return nil
			}
			return p.ok()
		})
	}}
	m.start()
	return m
}

func TestASessionsEndIsToldOnce(t *testing.T) {
	for _, slow := range []bool{false, true} {
		t.Run(fmt.Sprint("slow ", slow), func(t *testing.T) {
			d := &diary{}
			m := parting(t, d, slow)
			gone := func(want string) {
				t.Helper()
				m.until(want, func() bool { return d.text() == want })
				d.mu.Lock()
				d.lines = nil
				d.mu.Unlock()
			}
			c := m.client()
			_, _ = c.query("SELECT 1")
			c.Seq = 0
			_ = c.WritePacket([]byte{byte(core.Quit)})
			gone("hello app, done SELECT 1, bye app")

			c = m.client()
			c.raw.Close()
			gone("hello app, bye app")

			c = m.client() // in the middle of a command
			c.Seq = 0
			_ = c.WritePacket([]byte("\x03SELECT sleep"))
			m.until("the statement runs", func() bool { return m.fake().Running() > 0 })
			c.raw.Close()
			gone("hello app, done SELECT sleep, bye app")

			m.dial().raw.Close() // nobody was asked
			c = m.dial()
			l := wire.Login{Caps: meshCaps, MaxPacket: 1 << 24, User: "denied", Plugin: wire.Native}
			_ = c.WritePacket(l.Append(nil))
			if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderErr {
				t.Fatalf("login: %x, %v", b, err)
			}
			gone("hello denied, bye denied")

			m.client()
			m.srv.Close() // waits for the hooks
			if got := d.text(); got != "hello app, bye app" {
				t.Errorf("after the shutdown: %s", got)
			}
		})
	}
}

// The chain that is in force hears of the end, if its link by that name met the session.
func TestTheEndIsForTheChainInForce(t *testing.T) {
	old, next := &diary{}, &diary{}
	m := parting(t, old, false)
	c := m.client()
	m.links = []core.Kind{next.kind(false), next.kind(false)}
	m.commit()
	c.raw.Close()
	m.until("one link of the next chain has heard of it", func() bool { return next.text() == "bye <nil>" })
	if old.text() != "hello app" {
		t.Errorf("the old chain heard %s", old.text())
	}
	// The next one meets both.
	c = m.client()
	c.raw.Close()
	m.until("both have heard of it", func() bool { return strings.Count(next.text(), "bye app") == 2 })
}

func TestAChangeOfUserEndsOneLoginAndBeginsAnother(t *testing.T) {
	for _, slow := range []bool{false, true} {
		d := &diary{}
		m := parting(t, d, slow)
		c := m.client()
		u := wire.UserChange{User: "other", Plugin: wire.Native}
		b, err := c.command(u.Append(nil, meshCaps)...)
		if err == nil && b[0] == wire.HeaderEOF { // asked for its password, which is empty
			_ = c.WritePacket(nil)
			b, err = c.ReadPacket()
		}
		if err != nil || b[0] != wire.HeaderOK {
			t.Fatalf("change of user: %x, %v", b, err)
		}
		if b, err := c.command(byte(core.ResetConnection)); err != nil || b[0] != wire.HeaderOK {
			t.Fatalf("reset: %x, %v", b, err)
		}
		c.raw.Close()
		want := "hello app, bye app, hello other, done , done , bye other"
		m.until(want, func() bool { return d.text() == want })
		m.srv.Close()
	}
}

// The login that the backend has refused ends like any other, before the session goes on as
// who it was.
func TestAChangeOfUserThatIsTakenBackEndsTheRefusedLogin(t *testing.T) {
	for _, slow := range []bool{false, true} {
		d := &diary{}
		m := &mesh{t: t, links: []core.Kind{d.kind(slow)}, version: "12.0.1-MariaDB", account: core.Account{Passthrough: true, Plugin: wire.Native}, serve: func(p *peer) {
			p.commands(func(b []byte) error {
				if core.Code(b[0]) == core.ChangeUser {
					return p.WritePacket(wire.AppendErr(nil, &wire.Err{Code: 1045, State: "28000", Message: "no"}, meshCaps))
				}
				return p.ok()
			})
		}}
		m.start()
		c := m.client()
		u := wire.UserChange{User: "other", Plugin: wire.Native}
		if b, err := c.command(u.Append(nil, meshCaps)...); err != nil || b[0] != wire.HeaderErr {
			t.Fatalf("change of user: %x, %v", b, err)
		}
		if b, err := c.query("SELECT 1"); err != nil || b[0] != wire.HeaderOK {
			t.Fatalf("then: %x, %v", b, err)
		}
		c.raw.Close()
		want := "hello app, bye app, hello other, bye other, done , hello app, done SELECT 1, bye app"
		m.until("the session has ended", func() bool { return m.srv.Sessions() == 0 })
		m.srv.Close()
		if got := d.text(); got != want {
			t.Errorf("slow %t: %s, want %s", slow, got, want)
		}
	}
}

func TestAChangeOfUserThatIsDeniedIsNoRunningCommand(t *testing.T) {
	d := &diary{}
	m := parting(t, d, false)
	c := m.client()
	u := wire.UserChange{User: "denied", Plugin: wire.Native}
	if b, err := c.command(u.Append(nil, meshCaps)...); err != nil || b[0] != wire.HeaderErr {
		t.Fatalf("change of user: %x, %v", b, err)
	}
	want := "hello app, bye app, hello denied, done , bye denied"
	m.until(want, func() bool { return strings.HasSuffix(d.text(), "bye denied") && m.srv.Sessions() == 0 })
	if n := m.fake().Running(); n != 0 {
		t.Errorf("%d commands run on the backend", n)
	}
}

// A chain may become slow between any two questions of one command, and of one session.
func TestAChainMayBecomeSlowAtAnyMoment(t *testing.T) {
	for offset := range int64(2) {
		d := &diary{flips: &atomic.Int64{}}
		d.flips.Store(offset)
		m := parting(t, d, false)
		var all sync.WaitGroup
		const clients, rounds = 8, 25
		for range clients {
			all.Go(func() {
				for i := range rounds {
					c := m.client()
					both, _ := wire.AppendFrame(nil, []byte("\x03SELECT 1"), 0) // pipelined: replies may be withheld
					both, _ = wire.AppendFrame(both, []byte("\x03SELECT 2"), 0)
					if i%3 == 0 {
						both, _ = wire.AppendFrame(both, []byte("\x03SELECT sleep"), 0)
					}
					_, _ = c.raw.Write(both)
					for range 2 {
						c.Seq = 1
						if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderOK {
							t.Errorf("reply: %x, %v", b, err)
						}
					}
					c.raw.Close()
				}
			})
		}
		all.Wait()
		m.until("every session has ended", func() bool { return m.srv.Sessions() == 0 })
		m.srv.Close()
		d.mu.Lock()
		count := func(line string) int {
			return len(slices.DeleteFunc(slices.Clone(d.lines), func(l string) bool { return l != line }))
		}
		for _, line := range []string{"hello app", "done SELECT 1", "done SELECT 2", "bye app"} {
			if n := count(line); n != clients*rounds {
				t.Errorf("%q %d times, want %d", line, n, clients*rounds)
			}
		}
		if n := count("done SELECT sleep"); n > clients*(rounds/3+1) {
			t.Errorf("%d statements that were broken off were told twice", n)
		}
		d.mu.Unlock()
	}
}
