package live

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// An idle session ends at idle_timeout. A statement that takes longer is not idle, nor is a
// transaction's pause shorter than it.
func TestTheIdleTimeoutEndsIdleSessionsOnly(t *testing.T) {
	t.Parallel()
	s := before(shared.MariaDB(t).Backend, usualLinks)
	s.listener = "idle_timeout: 2s"
	m := startMesh(t, parts{}, s.text())
	busy, idle := dialRaw(t, m.addr(), "app", "app"), dialRaw(t, m.addr(), "app", "app")
	start := time.Now()
	if err := busy.query("DO SLEEP(4.5)"); err != nil {
		t.Fatalf("a statement longer than idle_timeout: %v", err)
	}
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		if err := busy.query("SELECT 1"); err != nil {
			t.Fatalf("after a pause shorter than idle_timeout: %v", err)
		}
	}
	if n, err := io.Copy(io.Discard, idle.Conn); n > 0 || err != nil && !isReset(err) {
		t.Errorf("the idle session got %d bytes, %v", n, err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("the idle session ended after %v", took)
	}
	until(t, patience, "all sessions ended", func() bool { return m.server.Sessions() == 0 })
}

func isReset(err error) bool { return strings.Contains(err.Error(), "reset") }

// What the server says when it ends an idle connection, its client gets as it would
// directly; then the session ends.
func TestABackendThatClosesAnIdleConnectionEndsItsSession(t *testing.T) {
	server := shared.MariaDB(t)
	m := startMesh(t, parts{}, before(server.Backend, usualLinks).text())
	said := map[string]string{}
	for name, addr := range map[string]string{"direct": server.Addr, "dbmesh": m.addr()} {
		r := dialRaw(t, addr, "app", "app")
		if err := r.query("SET wait_timeout = 1"); err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r.Conn)
		said[name] = fmt.Sprintf("%q", b)
	}
	if said["direct"] != said["dbmesh"] {
		t.Errorf("direct the client got %s, through dbmesh %s", said["direct"], said["dbmesh"])
	}
	// Killed by an operator while idle.
	for name, addr := range map[string]string{"direct": server.Addr, "dbmesh": m.addr()} {
		r := dialRaw(t, addr, "app", "app")
		f, err := r.do(core.Query, []byte("SELECT 1"))
		if err != nil || f.Rows != 1 {
			t.Fatal(err)
		}
		server.SQL(t, "KILL USER app")
		b, _ := io.ReadAll(r.Conn) // an end, or a reset
		said[name] = fmt.Sprintf("%q", b)
	}
	if said["direct"] != said["dbmesh"] {
		t.Errorf("killed, direct the client got %s, through dbmesh %s", said["direct"], said["dbmesh"])
	}
}

func TestSessionsOverTheLimitsAreRefusedAsAServerWould(t *testing.T) {
	server := shared.MariaDB(t).Backend
	t.Run("of the listener", func(t *testing.T) {
		s := before(server, usualLinks)
		s.listener = "max_sessions: 3"
		m := startMesh(t, parts{}, s.text())
		var last *raw
		for range 3 {
			last = dialRaw(t, m.addr(), "app", "app")
		}
		if _, err := openRaw(m.addr(), "app", "app"); errno(err) != 1040 {
			t.Errorf("the fourth session: %v", err)
		}
		_ = last.Close()
		until(t, patience, "there is room again", func() bool {
			r, err := openRaw(m.addr(), "app", "app")
			if err == nil {
				_ = r.Close()
			}
			return err == nil
		})
	})
	t.Run("of logins", func(t *testing.T) {
		s := before(server, usualLinks)
		s.top = "limits: {max_logins: 3}\n"
		m := startMesh(t, parts{}, s.text())
		var silent []net.Conn
		for range 3 {
			c, err := net.Dial("tcp", m.addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Read(make([]byte, 1)); err != nil { // the greeting
				t.Fatal(err)
			}
			silent = append(silent, c)
		}
		if _, err := openRaw(m.addr(), "app", "app"); errno(err) != 1040 {
			t.Errorf("a login beyond the limit: %v", err)
		}
		_ = silent[0].Close()
		until(t, patience, "there is room again", func() bool {
			r, err := openRaw(m.addr(), "app", "app")
			if err == nil {
				_ = r.Close()
			}
			return err == nil
		})
	})
	t.Run("of the user", func(t *testing.T) {
		s := before(server, usualLinks)
		s.listener = "max_sessions_per_user: 2"
		m := startMesh(t, parts{}, s.text())
		first := dialRaw(t, m.addr(), "app", "app")
		dialRaw(t, m.addr(), "app", "app")
		if _, err := openRaw(m.addr(), "app", "app"); errno(err) != 1226 || !strings.Contains(err.Error(), "'app'") {
			t.Errorf("the third session: %v", err)
		}
		if _, err := openRaw(m.addr(), "root", ""); err != nil {
			t.Errorf("another user: %v", err)
		}
		_ = first.Close()
		until(t, patience, "there is room again", func() bool {
			r, err := openRaw(m.addr(), "app", "app")
			if err == nil {
				_ = r.Close()
			}
			return err == nil
		})
	})
	t.Run("of an account", func(t *testing.T) {
		s := setup{backends: []string{server.Addr}, links: usualLinks,
			auth: "{kind: auth, mode: list, users: [{name: app, password: app, max_sessions: 1}]}"}
		m := startMesh(t, parts{}, s.text())
		dialRaw(t, m.addr(), "app", "app")
		if _, err := openRaw(m.addr(), "app", "app"); errno(err) != 1226 {
			t.Errorf("the second session: %v", err)
		}
	})
}

func TestPreparedStatementsAreLimitedPerSession(t *testing.T) {
	s := before(shared.MariaDB(t).Backend, usualLinks)
	s.top = "limits: {max_statements: 3}\n"
	m := startMesh(t, parts{}, s.text())
	r := dialRaw(t, m.addr(), "app", "app")
	var ids []uint32
	for range 3 {
		f, err := r.do(core.Prepare, []byte("SELECT 1"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, f.StatementID)
	}
	if _, err := r.do(core.Prepare, []byte("SELECT 1")); errno(err) != 1461 {
		t.Errorf("the fourth prepare: %v", err)
	}
	if err := r.send(core.CloseStatement, execute(ids[0])[:4]); err != nil {
		t.Fatal(err)
	}
	if _, err := r.do(core.Prepare, []byte("SELECT 1")); err != nil {
		t.Errorf("a prepare behind a close: %v", err)
	}
}

// A change of user leaves the figures that balancing needs as they should be.
func TestCOMCHANGEUSERLeavesNoCommandRunning(t *testing.T) {
	server := shared.MariaDB(t).Backend
	for _, auth := range []string{"", listMode} {
		m := startMesh(t, parts{}, setup{backends: []string{server.Addr}, auth: auth, links: usualLinks}.text())
		r := dialRaw(t, m.addr(), "app", "app")
		b := m.backends.Pool("main").Backends[0]
		for range 3 {
			u := wire.UserChange{User: "app", Schema: "app", Collation: 45, Plugin: wire.Native}
			if err := r.send(core.ChangeUser, u.Append(nil, r.caps)[1:]); err != nil {
				t.Fatal(err)
			}
			c := wire.NewConn(r.Conn)
			c.Seq = 1
			if err := settleAuth(c, "app"); err != nil {
				t.Fatalf("auth %q: %v", auth, err)
			}
			if err := r.query("SELECT 1"); err != nil {
				t.Fatal(err)
			}
		}
		until(t, patience, "no command is counted as running", func() bool { return b.Running() == 0 })
		if n := b.Sessions(); n != 1 {
			t.Errorf("auth %q: %d sessions", auth, n)
		}
	}
}

const hugeRows, hugeRow = 200, 1 << 20 // 200 MiB

var huge = fmt.Sprintf("SELECT REPEAT('x', %d) FROM seq_1_to_%d", hugeRow, hugeRows)

// Clients that read slowly, or not at all, hold no more of their results in dbmesh than a
// window.
func TestSlowReadersOfHugeResultsTakeLittleMemory(t *testing.T) {
	p := startProcess(t, before(shared.MariaDB(t).Backend, usualLinks).text())
	warm := dialRaw(t, p.addr, "app", "app")
	if _, err := warm.do(core.Query, []byte(strings.Replace(huge, fmt.Sprint(hugeRows), "5", 1))); err != nil {
		t.Fatal(err)
	}
	idle := p.rss(t)
	readers := make([]*raw, 20)
	for i := range readers {
		readers[i] = dialRaw(t, p.addr, "app", "app")
		if err := readers[i].Conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
			t.Fatal(err)
		}
		if err := readers[i].send(core.Query, []byte(huge)); err != nil {
			t.Fatal(err)
		}
	}
	most := 0
	buf := make([]byte, 32<<10)
	for range 20 { // each reader takes a little now and then
		for _, r := range readers {
			if _, err := io.ReadFull(r, buf); err != nil {
				t.Fatal(err)
			}
		}
		if err := warm.query("SELECT 1"); err != nil {
			t.Fatal(err)
		}
		most = max(most, p.rss(t))
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("RSS %d KiB idle, at most %d KiB with %d slow readers", idle, most, len(readers))
	if most > idle+40<<10 {
		t.Errorf("slow readers took %d KiB", most-idle)
	}
	// One of them hurries at last and gets all of it.
	left := int64(hugeRows)*hugeRow - 20*int64(len(buf))
	if n, err := io.CopyN(io.Discard, readers[0], left); err != nil {
		t.Errorf("the rest of a result: %d of %d bytes, %v", n, left, err)
	}
}

// A client that vanishes in the middle of a huge result takes its backend connection with it.
func TestAReaderThatVanishesFreesItsBackend(t *testing.T) {
	m := startMesh(t, parts{}, before(shared.MariaDB(t).Backend, usualLinks).text())
	files := openFiles()
	for range 5 {
		r := dialRaw(t, m.addr(), "app", "app")
		if err := r.send(core.Query, []byte(huge)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	until(t, patience, "all sessions ended", func() bool { return m.server.Sessions() == 0 && openFiles() <= files })
	if err := app(t, m.addr()).PingContext(context.Background()); err != nil {
		t.Fatal(err)
	}
}
