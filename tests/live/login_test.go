package live

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// Half-finished logins, silent ones and others that send a byte a second, don't keep good
// ones out, take little, and are gone after login_timeout.
func TestHalfFinishedLoginsDisturbNobody(t *testing.T) {
	half := atScale(1000, 5000, 5000)
	timeout := time.Duration(atScale(10, 25, 25)) * time.Second // all must come before the first has to go
	s := before(shared.MariaDB(t).Backend, usualLinks)
	s.listener = fmt.Sprintf("login_timeout: %s", timeout)
	p := startProcess(t, s.text())
	if err := try(app(t, p.addr), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	calm := goodLogins(t, p.addr)
	idle, files := p.rss(t), p.files(t)

	conns := openHalf(t, p.addr, half)
	opened := time.Now()
	stop, dripping := make(chan struct{}), sync.WaitGroup{}
	dripping.Go(func() { drip(conns, stop) })
	defer func() {
		close(stop)
		dripping.Wait()
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	until(t, timeout, "all are accepted", func() bool { return p.files(t) >= files+half })
	each := float64(p.rss(t)-idle) / float64(half)
	t.Logf("%d half-finished logins: %.1f KiB each", half, each)
	if each > 16 {
		t.Errorf("a half-finished login takes %.1f KiB", each)
	}

	if p99 := goodLogins(t, p.addr); p99 > 200*time.Millisecond+8*calm {
		t.Errorf("p99 of good logins is %v, of which it was %v before", p99, calm)
	}
	until(t, timeout+20*time.Second-time.Since(opened), "the half-finished logins are gone", func() bool { return p.files(t) <= files+8 })
}

// goodLogins logs in for two seconds and gives the 99th percentile of the times.
func goodLogins(t *testing.T, addr string) time.Duration {
	t.Helper()
	var took []time.Duration
	for begun := time.Now(); time.Since(begun) < 2*time.Second; time.Sleep(5 * time.Millisecond) {
		start := time.Now()
		r, err := openRaw(addr, "app", "app")
		if err != nil {
			t.Fatalf("a good login: %v", err)
		}
		took = append(took, time.Since(start))
		_ = r.Close()
	}
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	t.Logf("%d good logins, median %v, p99 %v", len(took), took[len(took)/2], p99)
	return p99
}

// openHalf connects and sends nothing, or the beginning of a login packet.
func openHalf(t *testing.T, addr string, n int) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	return conns
}

// drip sends a byte a second of a login packet on every second connection.
func drip(conns []net.Conn, stop chan struct{}) {
	l := wire.Login{Caps: rawCaps, MaxPacket: 1 << 24, Collation: 45, User: "app", Plugin: wire.Native, Auth: mysql.CalcNativePassword(make([]byte, 20), []byte("app"))}
	packet, _ := wire.AppendFrame(nil, l.Append(nil), 1)
	for i := range packet {
		for n := 0; n < len(conns); n += 2 {
			_, _ = conns[n].Write(packet[i : i+1])
		}
		select {
		case <-stop:
			return
		case <-time.After(time.Second):
		}
	}
}

// A login that takes too long ends in time, whatever it did last.
func TestALoginEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	s := before(shared.MariaDB(t).Backend, usualLinks)
	s.listener = "login_timeout: 400ms"
	m := startMesh(t, parts{}, s.text())
	login := wire.Login{Caps: rawCaps, MaxPacket: 1 << 24, Collation: 45, User: "app", Plugin: wire.Native, Auth: make([]byte, 20)}
	whole, _ := wire.AppendFrame(nil, login.Append(nil), 1)
	for name, sent := range map[string][]byte{
		"nothing": nil, "a header": whole[:4], "half a login": whole[:20],
		"a login, and no answer to the auth switch": whole,
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			c, err := net.Dial("tcp", m.addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(patience))
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, c)
			if took := time.Since(start); took < 390*time.Millisecond || took > 8*time.Second {
				t.Errorf("ended after %v, want 400ms", took)
			}
		})
	}
	until(t, patience, "all sessions ended", func() bool { return m.server.Sessions() == 0 })
	if n := m.backends.Pool("main").Backends[0].Sessions(); n != 0 {
		t.Errorf("%d backend connections are counted", n)
	}
}

// Commands that are sent before the answer to earlier ones get their answers in order, of
// backends and filters alike.
func TestPipelinedCommandsGetTheirAnswersInOrder(t *testing.T) {
	for _, slow := range []bool{false, true} {
		kind := scriptedKind(scripted{})
		kind.Slow = slow
		m := startMesh(t, parts{kinds: core.Registry{"scripted": kind}},
			before(shared.MariaDB(t).Backend, usualLinks+"{kind: scripted}").text())
		r := dialRaw(t, m.addr(), "app", "app")
		commands := []struct {
			sql  string
			code int
			rows uint64
		}{
			{"SELECT 1", 0, 1}, {"/* deny */ SELECT 1", 1644, 0}, {"SELECT 1 UNION SELECT 2", 0, 2}, {"/* rows */ x", 0, 2},
			{"nonsense", 1064, 0}, {"/* ok */ x", 0, 0}, {"DO 1", 0, 0}, {"SELECT REPEAT('x', 100000) FROM seq_1_to_30", 0, 30},
			{"/* short */ x", 0, 1}, {"SELECT 1; SELECT 2; DO 1", 0, 2}, {"/* panic */ x", 1105, 0}, {"DO SLEEP(0.02)", 0, 0},
			{"/* deny */ '" + strings.Repeat("x", 40000) + "'", 1644, 0},
		}
		var all []byte
		for range 20 {
			for _, c := range commands {
				all, _ = wire.AppendFrame(all, append([]byte{3}, c.sql...), 0)
			}
		}
		sent := make(chan error, 1)
		go func() { _, err := r.Write(all); sent <- err }()
		for range 20 {
			for _, c := range commands {
				f, err := r.response(3)
				if err != nil {
					t.Fatalf("slow %v, %.40s: %v", slow, c.sql, err)
				}
				got := 0
				if f.Err != nil {
					got = int(f.Err.Code)
				}
				if got != c.code || f.Rows != c.rows {
					t.Fatalf("slow %v, %.40s: error %d and %d rows, want %d and %d", slow, c.sql, got, f.Rows, c.code, c.rows)
				}
			}
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	}
}
