package leak

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// The size of the search.
const (
	sessions    = 200
	connections = 10
	// holders is how many sessions may have what keeps a connection theirs at once, where
	// they share connections: more would leave the others none.
	holders = 6
)

// world is one search: the sessions, what they share, and what was found.
type world struct {
	addr    string // where the sessions go
	server  *servers.Backend
	root    *sql.DB // at the server itself
	kinds   []entry
	seed    uint64
	target  int64
	began   time.Time
	holders chan struct{}
	places  [sessions]atomic.Pointer[session]
	shaking bool

	assassins int // that kill all the time; 0 is one
	limit     int // of connections that the sessions share, 0 if they do not

	checks  atomic.Int64
	given   atomic.Int64 // ids that sessions chose themselves
	perKind map[string]*atomic.Int64
	lives   atomic.Int64
	acts    map[string]*atomic.Int64 // of shaking

	// wild counts what was done to connections whose sessions nobody can name, and storms
	// what of it goes on: any session may meet an error of it.
	wild, storms atomic.Int64
	bruised      blow

	baseline map[string]map[string]string // by newcomer, what a new session shows
	ledger   ledger

	done    chan struct{}
	end     sync.Once
	failure error
}

// newWorld prepares a server for a search.
func newWorld(t *testing.T, server *servers.Backend, addr string, target int) *world {
	t.Helper()
	w := &world{addr: addr, server: server, seed: rand.Uint64(), target: int64(target), kinds: kindsOf(server.Flavour),
		holders: make(chan struct{}, sessions/3), done: make(chan struct{}), perKind: map[string]*atomic.Int64{}, acts: map[string]*atomic.Int64{}}
	for _, name := range extraChecks {
		w.perKind[name] = &atomic.Int64{}
	}
	for _, e := range w.kinds {
		w.perKind[e.name] = &atomic.Int64{}
	}
	for _, m := range mischiefs {
		w.acts[m.name] = &atomic.Int64{}
	}
	for _, name := range shakes {
		w.acts[name] = &atomic.Int64{}
	}
	prepare(t, server)
	c := server.Config("root", "", "app")
	c.Logger = mute{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	w.root = sql.OpenDB(connector)
	t.Cleanup(func() { _ = w.root.Close() })
	w.ledger.open()
	w.portray(t)
	return w
}

// run lets the sessions work until enough is checked or something is found.
func (w *world) run(t *testing.T, limit time.Duration) {
	t.Helper()
	var all sync.WaitGroup
	for i := range sessions {
		all.Go(func() { w.occupy(i) })
	}
	select {
	case <-w.done:
	case <-time.After(limit):
		w.fail(fmt.Errorf("only %d of %d checks within %v", w.checks.Load(), w.target, limit))
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(endWait):
		t.Errorf("sessions hang:\n%s", w.hanging())
		<-ended
	}
}

// endWait is more than any statement of a session takes on a busy machine; one may wait 20 s
// for a connection.
const endWait = time.Minute

// hanging tells the last statement of each session that is still there.
func (w *world) hanging() string {
	var b strings.Builder
	for i := range w.places {
		if s := w.places[i].Load(); s != nil {
			fmt.Fprintf(&b, "%s (%s): %s\n", s.tag, s.newcomer, s.history.last())
		}
	}
	return b.String()
}

// occupy keeps one place busy, one session after another.
func (w *world) occupy(place int) {
	rng := rand.New(rand.NewPCG(w.seed, uint64(place)))
	for life := 0; !w.over(); life++ {
		s := newSession(w, place, life, rng)
		if err := s.live(); err != nil {
			w.fail(fmt.Errorf("session %s (%s, seed %d): %w\nits last statements:\n%s", s.tag, s.newcomer, w.seed, err, s.history.String()))
		}
		w.places[place].Store(nil)
		w.lives.Add(1)
	}
}

// fail ends the search with what was found; only the first counts.
func (w *world) fail(err error) {
	w.end.Do(func() {
		w.failure = err
		close(w.done)
	})
}

// checked counts an answer that was judged.
func (w *world) checked(kind string) {
	w.perKind[kind].Add(1)
	if w.checks.Add(1) == w.target {
		w.end.Do(func() { close(w.done) })
	}
}

func (w *world) over() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// take gets the right to keep a connection, if it is to be had now.
func (w *world) take() bool {
	select {
	case w.holders <- struct{}{}:
		return true
	default:
		return false
	}
}

func (w *world) give() { <-w.holders }

// truth asks the server itself, which may be away.
func (w *world) truth(query string, args ...any) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var v sql.NullString
	err := w.root.QueryRowContext(ctx, query, args...).Scan(&v)
	if !v.Valid {
		return "NULL", err
	}
	return v.String, err
}

// report says what was checked how often.
func (w *world) report(t *testing.T) {
	t.Helper()
	if made, err := w.truth("SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'connections'"); err == nil {
		t.Logf("the server has seen %s logins", made)
	}
	t.Logf("seed %d: %d checks in %v by %d sessions", w.seed, w.checks.Load(), time.Since(w.began).Round(time.Millisecond), w.lives.Load())
	for _, all := range []map[string]*atomic.Int64{w.perKind, w.acts} {
		line := ""
		for _, name := range slices.Sorted(maps.Keys(all)) {
			line += fmt.Sprintf("%s %d, ", name, all[name].Load())
		}
		t.Log(line)
	}
}

// judge fails the test if a session found something.
func (w *world) judge(t *testing.T) {
	t.Helper()
	w.report(t)
	if w.failure != nil {
		t.Fatal(w.failure)
	}
	if err := w.ledger.settle(w); err != nil {
		t.Fatal(err)
	}
	for _, e := range w.kinds {
		if w.perKind[e.name].Load() == 0 && w.target >= 50_000 {
			t.Errorf("nothing of kind %q was checked", e.name)
		}
	}
}
