package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// controlled makes a Set with a pool for each server, with an account to ask with.
func controlled(t *testing.T, change func(*core.PoolSettings), all ...*servers.Server) []*Source {
	t.Helper()
	s := New(nil, nil)
	t.Cleanup(s.Close)
	var pools []core.PoolSettings
	for i, server := range all {
		p := idle(fmt.Sprint("p", i), server.Addr)
		p.Control.User = "root"
		if change != nil {
			change(&p)
		}
		pools = append(pools, p)
	}
	commit(t, s, pools...)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s.Probe(ctx)
	return s.Sources()
}

// asked gives an answer; on a busy machine it may come too late at first.
func asked(t *testing.T, src *Source) (at *Standing) {
	t.Helper()
	soon(t, 20*time.Second, "answered", func() (ok bool) {
		var err error
		var late net.Error
		if at, err = src.Ask(t.Context()); err != nil && !(errors.As(err, &late) && late.Timeout()) {
			t.Fatal(err)
		}
		return err == nil
	})
	return at
}

// soon polls until a condition holds.
func soon(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %s: not %s", limit, what)
		}
	}
}

func TestAReplicaHasAWriteOnceItHasAppliedIt(t *testing.T) {
	c := servers.Cluster(t, 1)
	primary, replica := c.Primary(), c.Replicas()[0]
	all := controlled(t, nil, primary, replica)
	c.Wait(t)
	if home := asked(t, all[0]); !asked(t, all[1]).Has(home) {
		t.Fatalf("a replica that has all is said to lack %s", home.Written)
	}
	replica.SQL(t, "STOP SLAVE SQL_THREAD")
	primary.SQL(t, "CREATE TABLE app.standing (id INT)")
	home := asked(t, all[0])
	if at := asked(t, all[1]); at.Has(home) {
		t.Fatalf("a replica at %s is said to have %s", at.Applied, home.Written)
	}
	if !asked(t, all[0]).Has(home) {
		t.Error("the primary is said to lack its own writes")
	}
	// A write of the replica's own must not pass for one of the primary's.
	replica.SQL(t, "SET gtid_domain_id = 0, server_id = 1; SET GLOBAL gtid_strict_mode = 0; CREATE TABLE app.errant (id INT); DROP TABLE app.errant")
	if at := asked(t, all[1]); at.Has(home) {
		t.Errorf("a replica at %s, with writes of its own up to %s, is said to have %s", at.Applied, at.Written, home.Written)
	}
	replica.SQL(t, "SET GLOBAL gtid_strict_mode = 0; START SLAVE")
	soon(t, 10*time.Second, "applied", func() bool { return asked(t, all[1]).Has(home) })
}

func TestAnAnswerIsForgottenWhenTheServerRestarts(t *testing.T) {
	server := servers.MariaDB(t)
	src := controlled(t, nil, server)[0]
	asked(t, src)
	if src.Standing() == nil {
		t.Fatal("the answer is not kept")
	}
	if err := server.Kill9(); err != nil {
		t.Fatal(err)
	}
	soon(t, 10*time.Second, "forgotten", func() bool { return src.known.standing.Load() == nil })
	if _, err := src.Ask(t.Context()); err == nil {
		t.Error("a dead server has answered")
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	soon(t, 10*time.Second, "answered again", func() bool {
		_, err := src.Ask(t.Context())
		return err == nil
	})
}

func TestALineThatIsCutIsNoFailure(t *testing.T) {
	server := servers.MariaDB(t)
	src := controlled(t, nil, server)[0]
	for range 20 {
		asked(t, src)
		server.SQL(t, "SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE user = 'root' AND command = 'Sleep'")
		for _, id := range server.SQL(t, "SELECT id FROM information_schema.processlist WHERE user = 'root' AND command = 'Sleep'") {
			_, _ = server.Query(t.Context(), "KILL "+id[0])
		}
		asked(t, src)
	}
}

// A frozen server holds nobody longer than the time-out, and most not at all.
func TestAFrozenServerIsNotWaitedFor(t *testing.T) {
	server := servers.MariaDB(t)
	src := controlled(t, func(p *core.PoolSettings) { p.Health.Interval = time.Hour }, server)[0]
	asked(t, src)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := src.Ask(t.Context()); err == nil {
		t.Fatal("a frozen server has answered")
	}
	if took := time.Since(start); took > 5*askTimeout {
		t.Errorf("the first question took %s", took)
	}
	start = time.Now()
	if _, err := src.Ask(t.Context()); err == nil || time.Since(start) >= askTimeout {
		t.Errorf("the next one took %s: %v", time.Since(start), err)
	}
	if src.Standing() != nil {
		t.Error("an old answer is still believed")
	}
	if err := server.Cont(); err != nil {
		t.Fatal(err)
	}
	soon(t, 10*time.Second, "answered again", func() bool {
		_, err := src.Ask(t.Context())
		return err == nil
	})
}

// What is asked after a write must cover it, however many ask at once; and many must not
// need as many questions.
func TestQuestionsAreSharedAndNeverTooOld(t *testing.T) {
	server := servers.MariaDB(t, servers.Flags("--log-bin=bin"))
	src := controlled(t, nil, server)[0]
	server.SQL(t, "CREATE TABLE app.shared (id INT)")
	asked(t, src)
	queries := func() (n int) {
		_, _ = fmt.Sscan(server.Record(t, "SHOW GLOBAL STATUS LIKE 'Com_select'")["Value"], &n)
		return n
	}
	before := queries()
	const askers, rounds = 16, 50
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			for range rounds {
				rows, err := server.Query(t.Context(), "INSERT INTO app.shared VALUES (1); SELECT @@last_gtid")
				if err != nil {
					t.Error(err)
					return
				}
				mine, err := parsePosition("mariadb", rows[0][0])
				if err != nil {
					t.Error(err)
					return
				}
				at, err := src.Ask(t.Context())
				if err != nil || !at.Written.Covers(mine) {
					t.Errorf("asked after %s: %v, %v", mine, at, err)
				}
			}
		})
	}
	all.Wait()
	own := askers * rounds // the SELECT @@last_gtid
	if n := queries() - before - own; n > askers*rounds*9/10 {
		t.Errorf("%d questions for %d callers", n, askers*rounds)
	} else {
		t.Logf("%d questions for %d callers", n, askers*rounds)
	}
}

func TestServersWithoutPositionsSayThat(t *testing.T) {
	quiet := servers.MariaDB(t, servers.Flags("--skip-log-bin"))
	src := controlled(t, nil, quiet)[0]
	if at := asked(t, src); at.Written != nil || at.Has(at) {
		t.Errorf("a server without a binary log has written %v", at.Written)
	}
	src = controlled(t, func(p *core.PoolSettings) { p.Control.User = "" }, quiet)[0]
	if _, err := src.Ask(t.Context()); !errors.Is(err, ErrNoPositions) {
		t.Errorf("without an account: %v", err)
	}
	src = controlled(t, func(p *core.PoolSettings) { p.Control.User = "nobody" }, quiet)[0]
	start := time.Now()
	if _, err := src.Ask(t.Context()); err == nil || errors.Is(err, ErrNoPositions) || !strings.Contains(err.Error(), "1045") {
		t.Errorf("with an account that is refused: %v", err)
	}
	for range 100 { // the server is left alone with it
		_, _ = src.Ask(t.Context())
	}
	if time.Since(start) > 3*time.Second {
		t.Error("it is asked again and again")
	}
}

func TestTiDBHasNoPositions(t *testing.T) {
	pool := shared.TiDB(t)
	s := New(nil, nil)
	t.Cleanup(s.Close)
	p := idle("main", pool.Ends[0].Addr)
	p.Control.User = "root"
	p.Replication.MaxLag = time.Second
	commit(t, s, p)
	s.Probe(t.Context())
	if _, err := s.Sources()[0].Ask(t.Context()); !errors.Is(err, ErrNoPositions) {
		t.Error(err)
	}
	if lag, known := s.Sources()[0].Backend.Lag(); lag != 0 || !known || s.Sources()[0].Backend.Behind() {
		t.Errorf("it is %s behind, known %v", lag, known)
	}
}
