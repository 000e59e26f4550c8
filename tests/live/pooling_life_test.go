package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAConnectionEndsAtTheEndOfItsLife(t *testing.T) {
	m, server := own(t, "max: 1, max_life: 500ms, max_idle: 0s")
	c := session(t, app(t, m.addr(), params))
	first := here(t, c)
	until(t, patience, "there is another connection", func() bool { return here(t, c) != first })
	until(t, patience, "the first one has gone", func() bool { return !slices.Contains(strings.Split(held(t, server), ","), first) })
}

// A transaction may outlive its connection's life, for nobody could go on with it.
func TestATransactionIsNotCutByTheEndOfAConnectionsLife(t *testing.T) {
	m, _ := own(t, "max: 1, max_life: 200ms")
	c := session(t, app(t, m.addr(), params))
	run(t, c, "BEGIN")
	first := here(t, c)
	for start := time.Now(); time.Since(start) < time.Second; {
		if got := here(t, c); got != first {
			t.Fatalf("the transaction went from connection %s to %s", first, got)
		}
	}
	run(t, c, "COMMIT")
	until(t, patience, "there is another connection", func() bool { return here(t, c) != first })
}

func TestAnIdleConnectionEndsAtMaxIdle(t *testing.T) {
	m, server := own(t, "max: 4, max_idle: 300ms")
	for _, c := range sessions(t, m.addr(), 4) {
		here(t, c) // which is on a connection
	}
	until(t, patience, "no connection is left", func() bool { return held(t, server) == "" })
	if n := m.server.Sessions(); n != 4 {
		t.Errorf("%d sessions, want 4: they need no connection", n)
	}
}

// The server closes what is silent for its wait_timeout; pings keep a connection from that.
func TestPingsKeepAnIdleConnection(t *testing.T) {
	m, server := own(t, "max: 1, max_idle: 0s, keepalive: 300ms")
	server.SQL(t, "SET GLOBAL wait_timeout = 4")
	c := session(t, app(t, m.addr(), params))
	first := here(t, c)
	for start := time.Now(); time.Since(start) < 9*time.Second; time.Sleep(100 * time.Millisecond) {
		if ids := held(t, server); ids != first {
			t.Fatalf("connections %q, want %s", ids, first)
		}
	}
	if got := here(t, c); got != first {
		t.Errorf("the next statement runs on connection %s, want %s", got, first)
	}
}

// A connection that the server has closed is nobody's trouble.
func TestAConnectionClosedByTheServerReachesNoSession(t *testing.T) {
	m, server := own(t, "max: 2, keepalive: 0s")
	all := sessions(t, m.addr(), 6)
	for round := range 10 {
		for i, c := range all {
			if err := try(c, fmt.Sprintf("SELECT %d", i)); err != nil {
				t.Fatalf("round %d, session %d: %v", round, i, err)
			}
		}
		for _, id := range strings.Split(held(t, server), ",") {
			server.SQL(t, "KILL "+id)
		}
	}
}

func TestSomeConnectionsAreKeptReady(t *testing.T) {
	m, server := own(t, "max: 5, min_idle: 3, max_idle: 1s")
	run(t, session(t, app(t, m.addr(), params)), "SELECT 1")
	until(t, patience, "three connections are ready", func() bool { return count(held(t, server)) == 3 })
	for start := time.Now(); time.Since(start) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
		if n := server.Connections(t, ofSessions); n > 5 {
			t.Fatalf("%d connections, above the limit", n)
		}
	}
	until(t, patience, "three are ready after max_idle too", func() bool { return count(held(t, server)) >= 3 })
}

// A server that comes back serves the sessions from before; only what was under way is lost.
func TestSessionsOutliveARestartOfTheServer(t *testing.T) {
	m, server := own(t, "max: 3, queue_timeout: 30s")
	all := sessions(t, m.addr(), 12)
	for i, c := range all {
		run(t, c, fmt.Sprintf("SET time_zone = '+%02d:00'", i))
	}
	busy := session(t, app(t, m.addr(), params))
	run(t, busy, "BEGIN")
	run(t, busy, "INSERT INTO t VALUES (99)")
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := try(busy, "SELECT 1"); err == nil {
		t.Error("a transaction goes on after its server has restarted")
	}
	b := m.backends.Pool("main").Backends[0]
	until(t, patience, "the server is up again", func() bool { return b.State().String() == "up" })
	order := []int{5, 0, 11, 3, 1, 2, 4, 10, 9, 8, 7, 6}
	for range 2 {
		for _, i := range order {
			if got, want := value(t, all[i], "SELECT @@time_zone"), fmt.Sprintf("+%02d:00", i); got != want {
				t.Errorf("session %d has the time zone %s", i, got)
			}
		}
		slices.Reverse(order)
	}
	if got := value(t, all[0], "SELECT COUNT(*) FROM t"); got != "0" {
		t.Errorf("%s rows of the lost transaction", got)
	}
}
