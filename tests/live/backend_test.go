package live

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// which tells a session's server by its port.
const which = "SELECT @@port"

// pair is a pool of two servers of the test's own.
func pair(t *testing.T, more string) (*mesh, [2]*servers.Server) {
	t.Helper()
	both := [2]*servers.Server{servers.MariaDB(t), servers.MariaDB(t)}
	s := setup{backends: []string{both[0].Addr, both[1].Addr}, links: "{kind: balancer, policy: weighted-round-robin}\n", pool: more}
	return startMesh(t, parts{}, s.text()), both
}

// logins opens and closes n sessions and counts the servers that they reach; limit bounds
// each one's time.
func logins(t *testing.T, addr string, n int, limit time.Duration) map[string]int {
	t.Helper()
	reached := map[string]int{}
	for range n {
		start := time.Now()
		db := app(t, addr)
		reached[value(t, db, which)]++
		_ = db.Close()
		if took := time.Since(start); took > limit {
			t.Errorf("a login took %v, more than %v", took, limit)
		}
	}
	return reached
}

// usualHealth is how often and how patiently backends are probed by default.
const usualHealth = "health: {interval: 1s, timeout: 800ms, fall: 2, rise: 2}"

func TestAFrozenBackendGetsNoNewSessionWithinThreeSeconds(t *testing.T) {
	t.Parallel()
	m, both := pair(t, usualHealth)
	if got := logins(t, m.addr(), 10, 10*time.Second); len(got) != 2 {
		t.Fatalf("sessions at first: %v", got)
	}
	var down, caught time.Duration
	for range 4 { // the machine may be busy
		down, caught = frozenAndBack(t, m, both[0], both[1])
		if down < 3*time.Second && caught < 3500*time.Millisecond {
			return
		}
		t.Logf("down after %v, and logins kept for %v", down, caught)
	}
	t.Errorf("a frozen server is down after %v, want 3s, and keeps logins for %v", down, caught)
}

// A pool that nobody used for a while must notice a frozen server as soon. The health check
// is ten times as quick here as usual, so the while and the promise are a tenth too.
func TestAFrozenBackendIsNoticedAsSoonAfterAnIdleTime(t *testing.T) {
	if sidecar.Now() == sidecar.Short {
		t.Skip("an idle time takes longer than the short run has")
	}
	t.Parallel()
	m, both := pair(t, "health: {interval: 100ms, timeout: 80ms}")
	logins(t, m.addr(), 4, 10*time.Second)
	time.Sleep(7 * time.Second) // 70 intervals
	b := m.backends.Pool("main").Backends[0]
	best := time.Hour
	for range 6 { // the machine may be busy
		until(t, patience, "the server is up", func() bool { return b.State() == core.Up })
		frozen := time.Now()
		if err := both[0].Stop(); err != nil {
			t.Fatal(err)
		}
		until(t, patience, "the frozen server is down", func() bool { return b.State() == core.Down })
		best = min(best, time.Since(frozen))
		if err := both[0].Cont(); err != nil {
			t.Fatal(err)
		}
		if best < 300*time.Millisecond {
			return
		}
		time.Sleep(7 * time.Second)
	}
	t.Errorf("a frozen server was noticed after %v at best, want 300ms", best)
}

// frozenAndBack freezes the first server of a pair and says how long it takes until that is
// down, from when on all sessions must go to the other one, and until some logins have passed
// that the freeze may have caught.
func frozenAndBack(t *testing.T, m *mesh, frozen, other *servers.Server) (down, caught time.Duration) {
	t.Helper()
	start := time.Now()
	if err := frozen.Stop(); err != nil {
		t.Fatal(err)
	}
	// A login that is caught goes to the other one as soon as that is known.
	logins(t, m.addr(), 4, 10*time.Second)
	caught = time.Since(start)
	b := m.backends.Pool("main").Backends[0]
	until(t, 20*time.Second, "the frozen server is down", func() bool { return b.State() == core.Down })
	down = time.Since(start)
	for port, n := range logins(t, m.addr(), 10, 4*time.Second) {
		if port != fmt.Sprint(other.Port) {
			t.Errorf("%d sessions went to the frozen server", n)
		}
	}
	if err := frozen.Cont(); err != nil {
		t.Fatal(err)
	}
	until(t, 20*time.Second, "the server that goes on is used again", func() bool {
		return len(logins(t, m.addr(), 4, 10*time.Second)) == 2
	})
	return down, caught
}

func TestAKilledBackendIsLeftForTheOtherAtTheNextLogin(t *testing.T) {
	t.Parallel()
	m, both := pair(t, "")
	on := session(t, app(t, m.addr()))
	victim, other := both[0], both[1]
	if value(t, on, which) != fmt.Sprint(victim.Port) {
		victim, other = other, victim
	}
	if err := victim.Kill9(); err != nil {
		t.Fatal(err)
	}
	for port, n := range logins(t, m.addr(), 10, 4*time.Second) {
		if port != fmt.Sprint(other.Port) {
			t.Errorf("%d sessions on %s", n, port)
		}
	}
	if err := try(on, "SELECT 1"); err == nil {
		t.Error("a session outlived its server")
	}
}

func TestAPoolWithoutALivingBackendSaysSo(t *testing.T) {
	t.Parallel()
	server := servers.MariaDB(t)
	m := startMesh(t, parts{}, before(server.Backend, usualLinks).text())
	if err := server.Kill9(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		start := time.Now()
		err := try(app(t, m.addr()), "SELECT 1")
		if code(err) <= 0 {
			t.Errorf("a login without a backend: %v", err)
		}
		if took := time.Since(start); took > 4*time.Second { // less than connect_timeout
			t.Errorf("the refusal took %v", took)
		}
	}
}

// A backend that is taken out of the config gets no new session. Those it has go on until
// their transaction ends, and are cut at drain_timeout, counted from its own removal.
func TestARemovedBackendDrains(t *testing.T) {
	t.Parallel()
	const drain = 8 * time.Second // a busy machine must do something in half of it
	both := [2]*servers.Server{servers.MariaDB(t), shared.MariaDB(t)}
	config := func(n int, more string) string {
		s := setup{links: "{kind: balancer, policy: weighted-round-robin}\n", top: fmt.Sprintf("drain_timeout: %s\n%s", drain, more)}
		for _, b := range both[2-n:] {
			s.backends = append(s.backends, b.Addr)
		}
		return s.text()
	}
	m := startMesh(t, parts{}, config(2, ""))
	removed := fmt.Sprint(both[0].Port)
	sessionOn := func() *rawSQL {
		for {
			c := session(t, app(t, m.addr()))
			if value(t, c, which) == removed {
				return &rawSQL{c}
			}
		}
	}
	idle, short, long := sessionOn(), sessionOn(), sessionOn()
	run(t, short, "BEGIN")
	run(t, long, "BEGIN")
	// A change just before must not shorten the time.
	if err := m.apply(config(2, "log: {level: warn}\n")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	// The names of backends in the config change with their number; the address is what counts.
	start := time.Now()
	if err := m.apply(config(1, "")); err != nil {
		t.Fatal(err)
	}
	until(t, drain/2, "the idle session has ended", func() bool { return try(idle, "SELECT 1") != nil })
	for port := range logins(t, m.addr(), 6, 10*time.Second) {
		if port == removed {
			t.Error("a new session on the removed backend")
		}
	}
	for time.Since(start) < drain/2 {
		run(t, short, "SELECT 1")
		run(t, long, "SELECT 1")
		time.Sleep(50 * time.Millisecond)
	}
	run(t, short, "COMMIT")
	until(t, drain-time.Second-time.Since(start), "the session ends behind its transaction", func() bool { return try(short, "SELECT 1") != nil })
	until(t, patience, "the long transaction is cut", func() bool { return try(long, "SELECT 1") != nil })
	if took := time.Since(start); took < drain || took > 2*drain {
		t.Errorf("the long transaction was cut after %v, want %v", took, drain)
	}
}

type rawSQL struct{ querier }

// A name's new address takes new sessions.
func TestAHostNameIsResolvedAnew(t *testing.T) {
	if _, err := net.DefaultResolver.LookupHost(context.Background(), "localhost"); err != nil {
		t.Skip("localhost has no address here")
	}
	server := shared.MariaDB(t)
	s := before(server.Backend, usualLinks)
	s.backends = []string{fmt.Sprintf("localhost:%d", server.Port)}
	m := startMesh(t, parts{}, s.text())
	if got := value(t, app(t, m.addr()), which); got != fmt.Sprint(server.Port) {
		t.Errorf("server %s", got)
	}
}
