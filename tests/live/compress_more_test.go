package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/core/wire/compress"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// The C library numbers frames in its own way with compression, see the package compress.
func TestTheMariaDBClientCompresses(t *testing.T) {
	program, err := exec.LookPath("mariadb")
	if err != nil {
		t.Skip("there is no mariadb client")
	}
	hops(t, func(t *testing.T, b *servers.Backend, backend, status string) {
		m := startMesh(t, parts{}, packed(b, backend).text())
		_, port, err := net.SplitHostPort(m.addr())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		lines := filepath.Join(dir, "lines")
		if err := os.WriteFile(lines, bytes.Repeat([]byte("one line of many that are the same\n"), 200_000), 0o600); err != nil {
			t.Fatal(err)
		}
		script := "SHOW SESSION STATUS LIKE 'Compression';\n" +
			"DROP TABLE IF EXISTS by_client; CREATE TABLE by_client (a VARCHAR(100));\n" +
			"LOAD DATA LOCAL INFILE '" + lines + "' INTO TABLE by_client;\n" +
			"SELECT COUNT(*), MD5(a) FROM by_client GROUP BY a;\n" +
			"SELECT LENGTH('" + strings.Repeat("a statement of two frames ", 700_000) + "');\n" +
			"SELECT LENGTH(REPEAT('x', 20000000)), SUBSTR(REPEAT('y', 20000000), 1, 2);\n" +
			"DROP TABLE by_client;\n"
		for _, how := range []string{"--compress", "--skip-compress"} {
			cmd := exec.CommandContext(t.Context(), program, "--no-defaults", "-h127.0.0.1", "-P"+port, "-uapp", "-papp",
				"--local-infile=1", "--max-allowed-packet=64M", "-N", "--skip-ssl", how, "app")
			cmd.Stdin = strings.NewReader(script)
			out, err := cmd.CombinedOutput()
			want := "Compression\t" + status + "\n200000\t34b0bb3ab9d1c5cc07cb9b5cde9fb2a4\n18200000\n20000000\tyy\n"
			if got := string(out); err != nil || !sameButSum(got, want) {
				t.Errorf("%s: %v: %.500s", how, err, got)
			}
		}
	})
}

// sameButSum compares two texts but for the 32 letters of a hash.
func sameButSum(a, b string) bool {
	i := strings.Index(b, "34b0bb3a")
	return len(a) == len(b) && a[:i] == b[:i] && a[i+32:] == b[i+32:]
}

func TestCompressionWorksInsideTLS(t *testing.T) {
	b := shared.MariaDB(t).Backend
	s := packed(b, "zlib")
	s.listener += fmt.Sprintf(", tls: {mode: prefer, cert: %q, key: %q}", b.TLS.ServerCert, b.TLS.ServerKey)
	text := strings.ReplaceAll(s.text(), `tls: {mode: "off"}`, fmt.Sprintf("tls: {mode: verify, ca: %q}", b.TLS.CA))
	m := startMesh(t, parts{}, text)
	c := session(t, app(t, m.addr(), multi, withZlib, func(c *mysql.Config) { c.TLSConfig = "skip-verify" }))
	direct := session(t, app(t, b.Addr, multi))
	if got := compression(t, c); got != "ON" {
		t.Error(got)
	}
	for _, query := range []string{rowsOf20MB, valueOf20MB, "SELECT '" + strings.Repeat("some text ", 1_700_000) + "' AS a"} {
		if digest(t, c, query) != digest(t, direct, query) {
			t.Errorf("%.60s: other rows than without dbmesh", query)
		}
	}
}

func TestSharedConnectionsAreCompressed(t *testing.T) {
	hops(t, func(t *testing.T, b *servers.Backend, backend, status string) {
		s := sharing(b, "max: 2")
		s.listener, s.pool = offering, s.pool+fmt.Sprintf(", compression: %q", backend)
		m := startMesh(t, parts{}, s.text())
		for round := range 3 {
			for i := range 6 {
				how := withZlib
				if i%2 == 0 {
					how = func(*mysql.Config) {}
				}
				db := app(t, m.addr(), multi, params, how)
				c := session(t, db)
				// TiDB forgets to say so once the connection's user was changed.
				if got := compression(t, c); got != status && b.Flavour == servers.FlavourMariaDB {
					t.Errorf("compression is %s, want %s", got, status)
				}
				run(t, c, fmt.Sprintf("SET @a = %d, time_zone = '+0%d:00'", i, i))
				run(t, c, "USE information_schema")
				run(t, c, "USE app")
				long := strings.Repeat("0123456789", 30_000)
				if got := value(t, c, "SELECT CONCAT(@a, @@time_zone, DATABASE(), LENGTH(?))", long); got != fmt.Sprintf("%d+0%d:00app300000", i, i) {
					t.Errorf("round %d: %s", round, got)
				}
				_, _ = c.Close(), db.Close()
			}
		}
	})
}

// packedRaw is a raw client with compression.
type packedRaw struct {
	net.Conn
	packed io.ReadWriter
}

func (p *packedRaw) Read(b []byte) (int, error)  { return p.packed.Read(b) }
func (p *packedRaw) Write(b []byte) (int, error) { return p.packed.Write(b) }

// dialPacked logs in with zlib; plain is the connection below the compression.
func dialPacked(t *testing.T, addr string) (r *raw, plain net.Conn) {
	t.Helper()
	r = &raw{caps: rawCaps | wire.Compress}
	if err := r.open(addr, "app", "app"); err != nil {
		t.Fatal(err)
	}
	plain = r.Conn
	t.Cleanup(func() { _ = plain.Close() })
	var c compress.Codecs
	r.Conn = &packedRaw{plain, compress.Client(plain, &c, compress.Zlib)}
	return r, plain
}

func TestPipelinedCommandsAreAnsweredInOrder(t *testing.T) {
	hops(t, func(t *testing.T, b *servers.Backend, backend, _ string) {
		m := startMesh(t, parts{}, packed(b, backend).text())
		r, _ := dialPacked(t, m.addr())
		var all []byte
		const n = 500
		for i := range n {
			text := fmt.Sprintf("\x03SELECT %d, '%s'", i, strings.Repeat("z", i))
			all, _ = wire.AppendFrame(all, []byte(text), 0)
		}
		sent := make(chan error, 1)
		go func() { _, err := r.Conn.(*packedRaw).Conn.Write(outer(all)); sent <- err }()
		for i := range n {
			f, err := r.response(core.Query)
			if err != nil || f.Err != nil || f.Rows != 1 {
				t.Fatalf("answer %d: %v %+v", i, err, f)
			}
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	})
}

// outer puts bytes into compressed packets of odd lengths that are not compressed, as a
// client that sends many commands in one packet may.
func outer(b []byte) (out []byte) {
	for len(b) > 0 {
		n := min(len(b), 777)
		out = append(out, byte(n), byte(n>>8), 0, 0, 0, 0, 0)
		out = append(out, b[:n]...)
		b = b[n:]
	}
	return out
}

// A slow reader gets all, and dbmesh holds no more than its buffers meanwhile.
func TestASlowReaderGetsAllOfACompressedResult(t *testing.T) {
	hops(t, func(t *testing.T, b *servers.Backend, backend, _ string) {
		m := startMesh(t, parts{}, packed(b, backend).text())
		r, plain := dialPacked(t, m.addr())
		_ = plain.(*net.TCPConn).SetReadBuffer(4 << 10)
		r.Conn.(*packedRaw).packed = compress.Client(&slow{Conn: plain}, &compress.Codecs{}, compress.Zlib)
		f, err := r.do(core.Query, []byte(rowsOf20MB))
		if err != nil || f.Rows != 1000 {
			t.Fatal(err, f)
		}
		if err := r.query("SELECT 1"); err != nil {
			t.Fatal(err)
		}
	})
}

// slow reads little at a time.
type slow struct {
	net.Conn
	reads int
}

func (s *slow) Read(b []byte) (int, error) {
	if s.reads++; s.reads%64 == 0 {
		time.Sleep(time.Millisecond)
	}
	return s.Conn.Read(b[:min(len(b), 1500)])
}

// A client that lies about lengths loses its session and nobody else does.
func TestAClientThatLiesAboutLengthsLosesItsSession(t *testing.T) {
	b := shared.MariaDB(t).Backend
	m := startMesh(t, parts{}, packed(b, "zlib").text())
	other, _ := dialPacked(t, m.addr())
	for what, bytes := range map[string][]byte{
		"claims 16 MiB of nothing":      {5, 0, 0, 0, 255, 255, 255, 1, 2, 3, 4, 5},
		"is empty and claims a length":  {0, 0, 0, 0, 9, 0, 0},
		"is no zlib":                    append([]byte{200, 0, 0, 0, 200, 1, 0}, make([]byte, 200)...),
		"holds a frame longer than all": {5, 0, 0, 0, 0, 0, 0, 255, 255, 255, 0, 3},
	} {
		r, plain := dialPacked(t, m.addr())
		if _, err := plain.Write(bytes); err != nil {
			t.Fatal(err)
		}
		if err := plain.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(make([]byte, 10)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a packet that %s: %v", what, err)
		}
		if err := other.query("SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	until(t, patience, "the sessions have ended", func() bool { return m.report.sessions.Load() == 1 })
}

// COM_CHANGE_USER's exchange is compressed like all else.
func TestAChangeOfUserStaysCompressed(t *testing.T) {
	for name, auth := range map[string]string{"passthrough": "", "list": listMode} {
		t.Run(name, func(t *testing.T) {
			b := shared.MariaDB(t).Backend
			s := packed(b, "zlib")
			s.auth = auth
			m := startMesh(t, parts{}, s.text())
			r, _ := dialPacked(t, m.addr())
			for range 3 {
				u := wire.UserChange{User: "app", Schema: "app", Collation: 45, Plugin: wire.Native}
				p := u.Append(nil, r.caps)
				frame, _ := wire.AppendFrame(nil, p, 0)
				if _, err := r.Write(frame); err != nil {
					t.Fatal(err)
				}
				c := wire.NewConn(r.Conn)
				c.Seq = 1
				if err := settleAuth(c, "app"); err != nil {
					t.Fatal(err)
				}
				if err := r.query("SELECT REPEAT('x', 100000)"); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// The health checks' and the control account's connections have no compression: they say
// next to nothing.
func TestOnlySessionsConnectionsAreCompressed(t *testing.T) {
	b := shared.MariaDB(t).Backend
	s := packed(b, "zlib")
	s.pool += ", control: {user: root}"
	m := startMesh(t, parts{}, s.text())
	r, _ := dialPacked(t, m.addr())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m.backends.Probe(ctx)
	sent := make(chan error, 1)
	go func() { sent <- r.query("SELECT SLEEP(30)") }()
	until(t, patience, "the statement runs", func() bool {
		return b.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE info = 'SELECT SLEEP(30)'") == "1"
	})
	killer, _ := dialPacked(t, m.addr())
	if err := killer.query(fmt.Sprintf("KILL QUERY %d", r.ID)); err != nil {
		t.Error(err)
	}
	select {
	case <-sent:
	case <-time.After(20 * time.Second):
		t.Error("the statement was not killed")
	}
}

// An idle session has neither buffers nor coders: all of it is its Stream.
func TestAnIdleCompressedSessionCostsLittle(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector's memory would be counted")
	}
	m := startMesh(t, parts{quiet: true}, packed(shared.MariaDB(t).Backend, "zlib").text())
	const n = 200
	heap := func() int64 {
		runtime.GC()
		runtime.GC() // what pools held
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return int64(s.HeapAlloc)
	}
	long := "SELECT REPEAT('x', 100000), '" + strings.Repeat("y", 100_000) + "'"
	cost := func(caps wire.Caps) int64 {
		before := heap()
		for range n {
			r, plain := &raw{caps: rawCaps | caps}, net.Conn(nil)
			if err := r.open(m.addr(), "app", "app"); err != nil {
				t.Fatal(err)
			}
			if plain = r.Conn; caps != 0 {
				r.Conn = &packedRaw{plain, compress.Client(plain, &compress.Codecs{}, compress.Zlib)}
			}
			if err := r.query(long); err != nil {
				t.Fatal(err)
			}
			defer plain.Close()
			r.Conn, r.in = plain, nil
		}
		return (heap() - before) / n
	}
	plain, zlib := cost(0), cost(wire.Compress)
	t.Logf("an idle session takes %d bytes, with compression to its client %d", plain, zlib)
	if zlib > plain+8192 { // the heap is measured so exactly; a codec takes many times that
		t.Errorf("compression takes %d bytes of an idle session", zlib-plain)
	}
}
