package leak

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// session is one client's session from login to end. Only kills and peers are for other
// goroutines.
type session struct {
	w        *world
	place    int
	tag      string // its own in all the world, in every answer
	newcomer string // of which kind a new session of it is, see world.baseline
	program  int
	login    login
	rng      *rand.Rand
	client   client
	raw      *raw // nil for a driver
	serial   int

	held    map[string]kind // by name
	entries map[string]entry
	shows   map[string]string // what its portrait shows other than the baseline
	holds   bool              // it has the right to keep its connection
	chosen  string            // the schema of the last COM_INIT_DB
	tied    bool              // only a reset makes it free of its connection again
	alone   string            // the held kind that allows no tables but its own

	// kills counts what others did to it by KILL, begun and ended; killing is what of it
	// goes on.
	kills, killing atomic.Int64
	bruised        blow
	calm           moment // before the last statement that went well
	history        history
}

// moment is how much had been done to sessions at some time.
type moment struct{ wild, kills int64 }

func (s *session) now() moment { return moment{s.w.wild.Load(), s.kills.Load()} }

func newSession(w *world, place, life int, rng *rand.Rand) *session {
	s := &session{w: w, place: place, rng: rng, tag: fmt.Sprintf("s%dx%d", place, life), held: map[string]kind{},
		entries: map[string]entry{}, shows: map[string]string{}}
	s.login = login{addr: w.addr, user: "app", schema: "app", collation: 45}
	switch {
	case place%20 == 18:
		s.program = sqlDriver
	case place%20 == 19:
		s.program = goMySQL
	case place%40 == 7 && w.maria():
		s.login.collation = latin1
	}
	if place%20 == 5 {
		s.login.user = "other"
	}
	s.newcomer = newcomer(s.program, s.login)
	s.calm = s.now()
	return s
}

// latin1 is latin1_swedish_ci.
const latin1 = 8

// newcomer names what decides how a new session looks.
func newcomer(program int, l login) string {
	return fmt.Sprintf("client %d as %s, collation %d", program, l.user, l.collation)
}

// live is the session from login to end. The error is what may not happen.
func (s *session) live() error {
	defer s.leave()
	var err error
	if s.client, err = open(s.program, s.login); err != nil {
		time.Sleep(10 * time.Millisecond) // the server may be starting
		return s.unforgiven(fmt.Errorf("login: %w", err))
	}
	s.raw, _ = s.client.(*raw)
	s.w.places[s.place].Store(s)
	defer func() { s.client.close(s.rng.IntN(3)) }()
	if err := s.pristine(); err != nil {
		return s.unforgiven(fmt.Errorf("new session: %w", err))
	}
	for steps := 20 + s.rng.IntN(60); steps > 0 && !s.w.over(); steps-- {
		on, err := s.step()
		if err != nil {
			return s.unforgiven(err)
		}
		if !on {
			break
		}
	}
	return nil
}

func (s *session) leave() {
	if s.holds {
		s.w.give()
		s.holds = false
	}
}

// unforgiven drops an error that somebody made on purpose. After it the session has ended.
func (s *session) unforgiven(err error) error {
	if _, ok := asLeak(err); ok {
		return err
	}
	if s.disturbed() || s.w.over() {
		return nil
	}
	return err
}

func (s *session) disturbed() bool {
	return s.killing.Load() > 0 || s.w.storms.Load() > 0 || s.now() != s.calm || s.bruised.recent() || s.w.bruised.recent()
}

// blow is when something was killed last. A server closes a killed connection in its own
// time, after it may have answered a statement more.
type blow struct{ at atomic.Int64 }

func (b *blow) strike() { b.at.Store(time.Now().UnixNano()) }

func (b *blow) recent() bool { return time.Since(time.Unix(0, b.at.Load())) < grace }

const grace = 500 * time.Millisecond

// do runs a text.
func (s *session) do(sql string) ([]result, error) {
	before := s.now()
	s.history.add(sql)
	all, err := s.client.query(sql)
	s.settle(before, err)
	return all, err
}

// settle notes how a command went that began at a moment.
func (s *session) settle(before moment, err error) {
	if err != nil {
		s.history.add("-> " + err.Error())
		return
	}
	s.calm = before
}

func (s *session) exec(format string, args ...any) error {
	_, err := s.do(fmt.Sprintf(format, args...))
	return err
}

// ask asks for expressions and gives their values. The session's own tag and a number come
// with them, to see that the answer is to this question.
func (s *session) ask(columns string, behind ...string) ([]string, error) {
	return s.question(s.rng.IntN(5) == 0, columns, strings.Join(behind, ""))
}

// question is ask, by a prepared statement or not.
func (s *session) question(bound bool, columns, tail string) ([]string, error) {
	s.serial++
	serial := strconv.Itoa(s.serial)
	var found result
	var err error
	if bound {
		text := fmt.Sprintf("SELECT ?, ?, %s%s", columns, tail)
		before := s.now()
		s.history.add(text + " [bound]")
		found, err = s.client.bound(text, s.tag, serial)
		s.settle(before, err)
	} else {
		var all []result
		all, err = s.do(fmt.Sprintf("SELECT '%s', %s, %s%s", s.tag, serial, columns, tail))
		if err == nil {
			found = all[0]
		}
	}
	if err != nil {
		return nil, err
	}
	row, err := found.only()
	if err != nil {
		return nil, err
	}
	if len(row) < 2 || row[0] != s.tag || row[1] != serial {
		return nil, leakf("an answer to somebody else: %s, wanted %s %s", brief(fmt.Sprint(row)), s.tag, serial)
	}
	return row[2:], nil
}

// expect asks for one value, which counts as a check of a kind.
func (s *session) expect(kind, want, column string, behind ...string) error {
	got, err := s.ask(column, behind...)
	return s.compare(kind, want, column, got, err)
}

// expectNow is expect by one command, for what the next command makes the server forget.
func (s *session) expectNow(kind, want, column string) error {
	before := s.now()
	got, err := s.question(false, column, "")
	if s.forgotten(before, err) {
		return nil
	}
	return s.compare(kind, want, column, got, err)
}

// forgotten says that dbmesh answered with an error because it does not know any more what
// the last statement left: that is honest, where another session's would be a leak.
func (s *session) forgotten(before moment, err error) bool {
	if errno(err) != 1105 || !strings.Contains(err.Error(), "no longer known") {
		return false
	}
	s.w.acts[forgot].Add(1)
	s.calm = before
	return true
}

func (s *session) compare(kind, want, column string, got []string, err error) error {
	if err != nil {
		return err
	}
	if got[0] != want {
		return leakf("%s: %s is %q, want %q", kind, column, got[0], want)
	}
	s.w.checked(kind)
	return nil
}

// refused runs what must fail with one of the codes.
func (s *session) refused(kind, sql string, codes ...int) error {
	before := s.now()
	all, err := s.do(sql)
	if err == nil {
		return leakf("%s: %s went well: %v", kind, sql, all)
	}
	for _, c := range codes {
		if errno(err) == c {
			s.w.checked(kind)
			s.calm = before
			return nil
		}
	}
	return err
}

// history is the session's last statements.
type history struct {
	mu    sync.Mutex
	lines [16]string
	n     int
}

// last is for other goroutines too.
func (h *history) last() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines[(h.n+len(h.lines)-1)%len(h.lines)]
}

func (h *history) add(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines[h.n%len(h.lines)] = line[:min(len(line), 160)]
	h.n++
}

func (h *history) String() string {
	var b strings.Builder
	for i := max(0, h.n-len(h.lines)); i < h.n; i++ {
		b.WriteString("  " + h.lines[i%len(h.lines)] + "\n")
	}
	return b.String()
}

// shown is what the session must show in a column of its portrait.
func shown(s *session, column string) string {
	if own, set := s.shows[column]; set {
		return own
	}
	return s.w.baseline[s.newcomer][column]
}
