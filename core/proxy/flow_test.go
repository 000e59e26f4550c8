package proxy

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
)

type unheard struct{}

func (unheard) Session(string, int)                                  {}
func (unheard) Login(string, string)                                 {}
func (unheard) Commands(string, string) CommandReporter              { return unheard{} }
func (unheard) Refused(string, core.Side)                            {}
func (unheard) Add(core.Code, time.Duration, uint64, uint64, uint64) {}

// stage is a server with one session that has neither logged in nor a backend: enough to
// run flows.
type stage struct {
	srv  *Server
	x    *session
	peer net.Conn // the client
	ends chan error
}

func newStage(t *testing.T) *stage {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	set := backend.New(log, nil)
	srv, err := New(Options{Log: log, Reporter: unheard{}, Backends: set, Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fds[1]), "client")
	peer, err := net.FileConn(file)
	_ = file.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		t.Fatal(err)
	}
	lis := &Listener{}
	lis.state.Store(&listenerState{set: core.ListenerSettings{Name: "stage"}, live: core.NewLive(nil)})
	s := &stage{srv: srv, peer: peer, ends: make(chan error, 1)}
	s.on(t, func() {
		l := srv.loops[0]
		x := &session{srv: srv, loop: l, lis: lis, client: socket{fd: fds[0]}, mode: atCommand}
		x.in.pool, x.out.pool = &srv.buffers, &srv.buffers
		if err := l.watch(&x.client, x); err != nil {
			t.Error(err)
		}
		srv.registry.add(x)
		x.setClient(netip.AddrPort{})
		l.sessions[x] = struct{}{}
		srv.sessions.Add(1)
		lis.sessions.Add(1)
		lis.logins.Add(1)
		s.x = x
	})
	t.Cleanup(func() {
		srv.Close()
		set.Close()
		_ = peer.Close()
		if n := srv.Sessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
	return s
}

// on runs f on the session's loop and waits for it.
func (s *stage) on(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	s.srv.loops[0].post(func() { defer close(done); f() })
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the loop does not answer")
	}
}

// run has the session run a flow, and ends the session behind it.
func (s *stage) run(t *testing.T, code func(*flow) error) {
	t.Helper()
	s.on(t, func() {
		s.x.startFlow(code, func(err error) want { s.ends <- err; return wantEnd })
		s.x.guard(s.x.step)
	})
}

func (s *stage) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.ends:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the flow does not end")
		return nil
	}
}

func TestAFlowWaitsForItsClientAndForJobs(t *testing.T) {
	s := newStage(t)
	s.run(t, func(f *flow) error {
		b := make([]byte, 5)
		if _, err := io.ReadFull(stream{f, &s.x.client}, b); err != nil {
			return err
		}
		if err := f.away(func() error { b = append(b, '!'); return nil }); err != nil {
			return err
		}
		// Inside a job the socket may be waited for too.
		return f.away(func() error {
			if _, err := (stream{f, &s.x.client}).Write(b); err != nil {
				return err
			}
			_, err := io.ReadFull(stream{f, &s.x.client}, b[:2])
			return err
		})
	})
	for _, part := range []string{"he", "llo"} {
		if _, err := io.WriteString(s.peer, part); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, 6)
	if _, err := io.ReadFull(s.peer, got); err != nil || string(got) != "hello!" {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := io.WriteString(s.peer, "ok"); err != nil {
		t.Fatal(err)
	}
	if err := s.end(t); err != nil {
		t.Fatal(err)
	}
}

func TestAPanicInAJobIsAnErrorOfItsFlow(t *testing.T) {
	s := newStage(t)
	s.run(t, func(f *flow) error { return f.away(func() error { panic("boom") }) })
	if err := s.end(t); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Fatalf("the flow ended with %v", err)
	}
}

func TestAPanicInAFlowEndsItsSessionOnly(t *testing.T) {
	s := newStage(t)
	s.run(t, func(*flow) error { panic("boom") })
	if _, err := s.peer.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the client read %v", err)
	}
	s.on(t, func() {}) // the loop lives
}

func TestAFlowIsToldThatItsTimeIsUp(t *testing.T) {
	for name, wait := range map[string]func(*stage, *flow) error{
		"on the loop": func(s *stage, f *flow) error { _, err := stream{f, &s.x.client}.Read(make([]byte, 1)); return err },
		"in a job": func(s *stage, f *flow) error {
			return f.away(func() error { _, err := stream{f, &s.x.client}.Read(make([]byte, 1)); return err })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.run(t, func(f *flow) error {
				s.x.timeout(50 * time.Millisecond)
				err := wait(s, f)
				s.x.timeout(0)
				return err
			})
			if err := s.end(t); err != errTime {
				t.Fatalf("the flow ended with %v", err)
			}
		})
	}
}

// A session that is closed while a job runs for it ends when the job has: nobody touches
// what the job may be using.
func TestASessionOutlivesItsRunningJob(t *testing.T) {
	s := newStage(t)
	started, release, unwound := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	s.run(t, func(f *flow) error {
		err := f.away(func() error { close(started); <-release; return nil })
		unwound <- err
		return err
	})
	<-started
	s.on(t, func() { s.x.close("test"); s.x.close("test again") })
	s.on(t, func() {
		if s.x.mode == ended || s.srv.Sessions() != 1 {
			t.Error("the session ended under its job")
		}
	})
	close(release)
	select {
	case err := <-unwound:
		if !errors.Is(err, errGone) {
			t.Errorf("the flow was told %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the flow was left hanging")
	}
	if _, err := s.peer.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the client read %v", err)
	}
}

// A job that waits for a socket is woken when its session is closed.
func TestAClosedSessionWakesItsWaitingJob(t *testing.T) {
	s := newStage(t)
	got := make(chan error, 1)
	started := make(chan struct{})
	s.run(t, func(f *flow) error {
		return f.away(func() error {
			close(started)
			_, err := stream{f, &s.x.client}.Read(make([]byte, 1))
			got <- err
			return err
		})
	})
	<-started
	s.on(t, func() { s.x.close("test") })
	if err := <-got; err != errGone {
		t.Fatalf("the job was told %v", err)
	}
	if _, err := s.peer.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the client read %v", err)
	}
}

func TestClosingTheServerWaitsForJobs(t *testing.T) {
	s := newStage(t)
	ran := make(chan struct{})
	s.run(t, func(f *flow) error {
		return f.away(func() error { time.Sleep(100 * time.Millisecond); close(ran); return nil })
	})
	s.srv.Close()
	select {
	case <-ran:
	default:
		t.Error("the server closed before its job ended")
	}
}
