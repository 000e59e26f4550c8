package backend

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

func watching(limit time.Duration) func(*core.PoolSettings) {
	return func(p *core.PoolSettings) {
		p.Replication = core.ReplicationSettings{MaxLag: limit, Interval: 20 * time.Millisecond}
	}
}

func TestLagTakesAReplicaOutAndLetsItBackAtHalf(t *testing.T) {
	src := prepared(t, plain())
	src.Pool.Replication.MaxLag = 10 * time.Second
	p := &prober{src: src, log: slog.New(slog.DiscardHandler), ctx: t.Context()}
	src.known.own(nil)
	src.known.owner = p
	p.cancel = func() {}
	now := time.Now()
	w := &lagWatch{p: p, src: src, since: now}
	for _, step := range []struct {
		after  int // seconds
		lag    int // -1 is not known
		behind bool
	}{
		{0, 0, false},
		{1, 10, false},
		{1, 11, true},
		{1, 6, true}, // not yet
		{1, 10, true},
		{1, 5, false},
		{1, 6, false},
		{1, -1, false}, // 6 and 1
		{3, -1, false}, // 6 and 4
		{1, -1, true},
		{1, 9, true},
		{60, -1, true},
		{1, 5, false},
		{5, -1, false},
		{1, -1, true},
		{1, 0, false},
	} {
		now = now.Add(time.Duration(step.after) * time.Second)
		w.judge(time.Duration(max(step.lag, 0))*time.Second, step.lag >= 0, now)
		if got := src.Backend.Behind(); got != step.behind || src.Backend.Usable() == step.behind {
			t.Fatalf("after %+v: behind %v, usable %v", step, got, src.Backend.Usable())
		}
	}
	if lag, known := src.Backend.Lag(); lag != 0 || !known {
		t.Errorf("lag %s, %v", lag, known)
	}
	src.known.owner = nil // another one watches now
	w.set(time.Hour, true, "late")
	if src.Backend.Behind() {
		t.Error("a watch that has ended still takes backends out of use")
	}
}

func TestTheLagOfARealReplicaIsSeen(t *testing.T) {
	c := servers.Cluster(t, 1)
	replica := c.Replicas()[0]
	all := controlled(t, watching(2*time.Second), c.Primary(), replica)
	for _, src := range all {
		if lag, known := src.Backend.Lag(); lag != 0 || !known || !src.Backend.Usable() {
			t.Errorf("%s after the first look: %s behind, known %v", src.Backend.Name, lag, known)
		}
	}
	b := all[1].Backend
	c.Lag(t, replica, 4*time.Second)
	c.Primary().SQL(t, "CREATE TABLE app.lag (id INT)")
	soon(t, 20*time.Second, "behind by delay", b.Behind)
	if lag, known := b.Lag(); !known || lag < 2*time.Second {
		t.Errorf("it is %s behind, known %v", lag, known)
	}
	c.Lag(t, replica, 0)
	soon(t, 20*time.Second, "back", b.Usable)
	stopped := time.Now() // on a busy machine the statement may end long after the thread
	replica.SQL(t, "STOP SLAVE SQL_THREAD")
	soon(t, 20*time.Second, "behind by a thread that stands still", b.Behind)
	if took := time.Since(stopped); took < 500*time.Millisecond { // it may have been a second behind
		t.Errorf("taken out after %s", took)
	}
	replica.SQL(t, "START SLAVE SQL_THREAD")
	soon(t, 20*time.Second, "back again", b.Usable)
	if all[0].Backend.Behind() {
		t.Error("the primary is behind itself")
	}
}

func TestAnAccountThatMayNotLookTakesNothingOut(t *testing.T) {
	c := servers.Cluster(t, 1)
	replica := c.Replicas()[0]
	c.Primary().Create(t, servers.Account{Name: "blind", Password: "pass"})
	c.Wait(t)
	replica.SQL(t, "SET sql_log_bin = 0; CREATE USER seer@'%' IDENTIFIED BY 'pass'; GRANT REPLICA MONITOR ON *.* TO seer@'%'")
	seer := controlled(t, func(p *core.PoolSettings) {
		p.Control = core.ControlSettings{User: "seer", Password: core.NewSecret("pass")}
		watching(time.Second)(p)
	}, replica)[0]
	if _, known := seer.Backend.Lag(); !known {
		t.Error("an account with REPLICA MONITOR sees no lag")
	}
	if _, err := seer.Ask(t.Context()); err != nil {
		t.Errorf("an account without more than that is refused: %v", err)
	}
	log := &lines{}
	s := New(slog.New(slog.NewTextHandler(log, nil)), nil)
	t.Cleanup(s.Close)
	p := idle("main", replica.Addr)
	p.Control = core.ControlSettings{User: "blind", Password: core.NewSecret("pass")}
	watching(time.Second)(&p)
	commit(t, s, p)
	s.Probe(t.Context())
	replica.SQL(t, "STOP SLAVE")
	b := s.Sources()[0].Backend
	time.Sleep(1500 * time.Millisecond) // longer than max_lag, of nothing to happen
	if _, known := b.Lag(); known || !b.Usable() {
		t.Errorf("lag known %v, usable %v", known, b.Usable())
	}
	if n := strings.Count(log.text(), "can't see how far behind"); n != 1 {
		t.Errorf("%d complaints:\n%s", n, log.text())
	}
}

func TestABackendIsInUseAgainWhenNobodyLooksAnyMore(t *testing.T) {
	server := shared.MariaDB(t)
	s := New(nil, nil)
	t.Cleanup(s.Close)
	p := idle("main", server.Addr)
	p.Control.User = "root"
	watching(time.Second)(&p)
	commit(t, s, p)
	s.Probe(t.Context())
	b := s.Sources()[0].Backend
	b.SetBehind(true)
	p.Replication = core.ReplicationSettings{}
	commit(t, s, p)
	if _, known := b.Lag(); known || !b.Usable() {
		t.Errorf("lag known %v, usable %v", known, b.Usable())
	}
}

// lines keeps a log.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}
