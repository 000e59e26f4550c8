package proxy

import (
	"context"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/core/wire/compress"
)

// Reporter hears what happens, for metrics. Safe for concurrent use; nothing may wait.
type Reporter interface {
	// Session counts a session more (+1) or fewer (-1).
	Session(listener string, delta int)
	// Login counts a login by its result: ok, refused, timeout, failed.
	Login(listener, result string)
	// Commands gives the counters of a backend, once per connection.
	Commands(pool, backend string) CommandReporter
	// Refused counts a command that no backend answered to its end, by whose fault.
	Refused(listener string, side core.Side)
}

// CommandReporter hears of each command that a backend answered.
type CommandReporter interface {
	Add(code core.Code, took time.Duration, rows, in, out uint64)
}

// Options is what a Server is made of.
type Options struct {
	Log      *slog.Logger
	Reporter Reporter // must not be nil
	Backends *backend.Set
	Loops    int              // event loops, 0 to choose by the number of processors
	Facts    *stmt.Classifier // nil for one of the usual size
}

// Server is the data path: event loops, listeners and sessions. Configure it by Prepare
// and Commit, end it by Drain and Close. Its methods are safe for concurrent use.
type Server struct {
	log      *slog.Logger
	reporter Reporter
	reads    ReadReporter // nil if the reporter is none
	backends *backend.Set
	facts    *stmt.Classifier
	start    time.Time
	loops    []*loop
	turn     atomic.Uint32
	running  sync.WaitGroup // loops
	jobs     sync.WaitGroup // goroutines that sessions started
	cancels  chan struct{}
	ctx      context.Context
	stop     context.CancelFunc
	registry *registry
	lendings lendings
	pinned   [32]atomic.Uint64 // how often sessions were, by the bit of the effect
	texts    *state.Texts      // that are prepared on connections that sessions share
	lastIDs  atomic.Uint64     // the newest name of a session's last insert id

	inspect       atomicInt
	maxStatements atomic.Int64
	maxLogins     atomic.Int64
	drainTimeout  atomic.Int64
	draining      atomic.Bool
	sessions      atomic.Int64
	buffers       buffers
	codecs        compress.Codecs
	params        sync.Pool // of *params
	idle          chan struct{}

	keysOnce sync.Once
	keyPair  *wire.KeyPair
	keyErr   error

	mu        sync.Mutex // of the configuration
	acceptors map[string]*acceptor
	listeners map[string]*Listener
	lives     map[string]*core.Live
	retired   []*core.Live
	removed   []*Listener // with sessions
}

// atomicInt is an int that config changes and loops read.
type atomicInt struct{ v atomic.Int64 }

// Load reads it.
func (a *atomicInt) Load() int { return int(a.v.Load()) }

// New starts the event loops. Nothing listens before the first Commit.
func New(o Options) (*Server, error) {
	s := &Server{
		log: o.Log, reporter: o.Reporter, backends: o.Backends, facts: o.Facts, start: time.Now(),
		cancels: make(chan struct{}, maxCancels), registry: newRegistry(), idle: make(chan struct{}, 1),
		texts:     state.NewTexts(1),
		acceptors: map[string]*acceptor{}, listeners: map[string]*Listener{}, lives: map[string]*core.Live{},
	}
	s.reads, _ = o.Reporter.(ReadReporter)
	if s.facts == nil {
		s.facts = stmt.NewClassifier(0)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	n := o.Loops
	if n <= 0 {
		// One loop keeps up with the two or three cores' worth of clients and servers that
		// share a small host with it; see RATIONALE.md, "Why event loops?".
		n = max(1, runtime.GOMAXPROCS(0)/4)
	}
	for range n {
		l, err := newLoop(o.Log, func() time.Duration { return time.Since(s.start) })
		if err != nil {
			s.Close()
			return nil, err
		}
		l.index = len(s.loops)
		s.loops = append(s.loops, l)
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			l.run()
		}()
	}
	return s, nil
}

func (s *Server) nextLoop() *loop {
	return s.loops[int(s.turn.Add(1)-1)%len(s.loops)]
}

// keys makes the RSA key on first use. It takes long.
func (s *Server) keys() (*wire.KeyPair, error) {
	s.keysOnce.Do(func() { s.keyPair, s.keyErr = wire.NewKeyPair() })
	return s.keyPair, s.keyErr
}

// open makes a session of an accepted connection. On the loop.
func (s *Server) open(l *loop, lis *Listener, fd int, client netip.AddrPort) {
	if s.ctx.Err() != nil {
		_ = unix.Close(fd)
		return
	}
	x := &session{srv: s, loop: l, lis: lis, client: socket{fd: fd}}
	x.in.pool, x.out.pool = &s.buffers, &s.buffers
	if err := l.watch(&x.client, x); err != nil {
		s.log.Error("watch a client", "error", err)
		_ = unix.Close(fd)
		return
	}
	set := lis.settings()
	x.Listener, x.Pools = set.Name, s.backends
	s.registry.add(x)
	x.setClient(client)
	l.sessions[x] = struct{}{}
	s.sessions.Add(1)
	s.reporter.Session(set.Name, 1)
	n, logins := lis.sessions.Add(1), lis.logins.Add(1)
	x.timeout(set.LoginTimeout)
	x.guard(func() {
		x.startFlow(func(f *flow) error {
			if s.draining.Load() {
				return x.deny(wire.NewConn(stream{f, &x.client}), shuttingDown())
			}
			if set.MaxSessions > 0 && int(n) > set.MaxSessions || logins > s.maxLogins.Load() {
				return x.deny(wire.NewConn(stream{f, &x.client}), &core.Error{Code: 1040, State: "08004", Message: "Too many connections"})
			}
			return x.login(f)
		}, x.loggedIn)
		x.step()
	})
}

func shuttingDown() *core.Error {
	return &core.Error{Code: 1053, State: "08S01", Message: "Server shutdown in progress"}
}

// loggedIn ends the connection phase.
func (s *session) loggedIn(err error) want {
	s.lis.logins.Add(-1)
	s.loginOver = true
	s.timeout(0)
	if err != nil {
		s.refusedLogin(err)
		return wantEnd
	}
	s.beginState()
	s.srv.reporter.Login(s.Listener, "ok")
	s.log.Debug("session begins", "user", s.User, "schema", s.Schema, "pool", s.Pool)
	if s.shares {
		s.letGo()
	}
	s.mode = atCommand
	if idle := s.lis.settings().IdleTimeout; idle > 0 {
		s.timeout(idle)
	}
	return wantNothing
}

// ended takes a closed session off the books. On the loop.
func (s *Server) ended(x *session, why string) {
	if x.lis == nil { // it was opening a connection for nobody, see openIdle
		delete(x.loop.openers, x)
		return
	}
	if !x.loginOver {
		x.lis.logins.Add(-1)
	}
	delete(x.loop.sessions, x)
	s.registry.remove(x)
	x.lis.sessions.Add(-1)
	s.reporter.Session(x.Listener, -1)
	x.log.Debug("session ends", "why", why)
	if s.sessions.Add(-1) == 0 {
		select {
		case s.idle <- struct{}{}:
		default:
		}
	}
}

// later has the loop call f after a while, unless the server has ended by then.
func (l *loop) later(d time.Duration, f func()) {
	time.AfterFunc(d, func() { l.post(f) })
}
