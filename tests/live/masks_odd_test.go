package live

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

func TestPipelinedCommandsAreMaskedInTheirTurn(t *testing.T) {
	server := shared.MariaDB(t).Backend
	bothWays(t, func(t *testing.T, slow bool) {
		r := openMasked(t, maskingMesh(t, server, &masking{}, slow, ""), server, rawCaps)
		var all []byte
		for i := range 50 {
			all, _ = wire.AppendFrame(all, fmt.Appendf(nil, "\x03SELECT 'secret' AS keep_s, %d AS n", 1000+i), 0)
			all, _ = wire.AppendFrame(all, []byte("\x03SELECT 'secret' AS denied_s"), 0)
			all, _ = wire.AppendFrame(all, []byte("\x03SELECT * FROM nowhere"), 0)
		}
		if _, err := r.Write(all); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			if got := r.answer(t, core.Query); !has(got, "se***t") || !has(got, fmt.Sprint(1000+i)) {
				t.Fatalf("answer %d: %q", i, got)
			}
			if e := lastErr(t, r.answer(t, core.Query)); e == nil || e.Code != 1142 {
				t.Fatalf("denied %d: %v", i, e)
			}
			if e := lastErr(t, r.answer(t, core.Query)); e == nil || e.Code != 1644 {
				t.Fatalf("replaced %d: %v", i, e)
			}
		}
	})
}

func TestMasksWorkInsideTLS(t *testing.T) {
	b := shared.MariaDB(t)
	m := maskingMesh(t, b.Backend, &masking{}, false, fmt.Sprintf("tls: {mode: prefer, cert: %q, key: %q}", b.TLS.ServerCert, b.TLS.ServerKey))
	c := session(t, app(t, m.addr(), params, func(c *mysql.Config) { c.TLSConfig = "skip-verify" }))
	all := cells(t, c, "SELECT REPEAT('x', 1000) AS keep_x, seq FROM seq_1_to_20000")
	if len(all) != 20000 {
		t.Fatalf("%d rows", len(all))
	}
	want := string(maskedAs("keep", []byte(strings.Repeat("x", 1000)), true, true))
	for i, row := range all {
		if string(row[0]) != want || string(row[1]) != fmt.Sprint(i+1) {
			t.Fatalf("row %d: %q", i, row)
		}
	}
}

// long is a masked result of some 60 MB whose reader stops behind its beginning.
func long(t *testing.T, r *raw) {
	t.Helper()
	if err := r.send(core.Query, []byte("SELECT REPEAT('x', 10000) AS keep_x, CONNECTION_ID() AS id FROM seq_1_to_6000")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := r.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	r.in = append(r.in, buf[:n]...)
}

// running is the server's id of the connection that runs the long query, once it does.
func running(t *testing.T, server *servers.Backend) (id string) {
	t.Helper()
	until(t, patience, "the query runs", func() bool {
		rows := server.SQL(t, "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT REPEAT(''x'', 10000) AS keep_x%'")
		if len(rows) == 1 {
			id = rows[0][0]
		}
		return len(rows) == 1
	})
	return id
}

func TestAKillInAMaskedResultIsToldTheClient(t *testing.T) {
	server := servers.MariaDB(t).Backend
	bothWays(t, func(t *testing.T, slow bool) {
		r := openMasked(t, maskingMesh(t, server, &masking{}, slow, ""), server, rawCaps)
		long(t, r)
		server.SQL(t, "KILL QUERY "+running(t, server))
		got := r.answer(t, core.Query)
		e := lastErr(t, got)
		if e == nil || e.Code != 1644 || !strings.HasPrefix(e.Message, "instead of 70100") {
			t.Fatalf("behind %d bytes: %v", len(got), e)
		}
		if has(got, "xxxxxx") {
			t.Error("a row is not masked")
		}
		if got := r.reply(t, core.Query, []byte("SELECT 'alive'")); !has(got, "alive") {
			t.Errorf("then: %q", got)
		}
	})
}

func TestABackendCutInAMaskedResultEndsTheSession(t *testing.T) {
	server := servers.MariaDB(t).Backend
	m := maskingMesh(t, server, &masking{}, false, "")
	r := openMasked(t, m, server, rawCaps)
	long(t, r)
	server.SQL(t, "KILL CONNECTION "+running(t, server))
	buf := make([]byte, 1<<20)
	for {
		n, err := r.Read(buf)
		if strings.Contains(string(buf[:n]), "xxxxxx") {
			t.Fatal("a row is not masked")
		}
		if err != nil {
			break
		}
	}
	until(t, patience, "the session has ended", func() bool { return m.server.Sessions() == 0 })
}

// A reader that is slow gets all, and one that goes away is let go.
func TestSlowReadersOfMaskedResults(t *testing.T) {
	server := servers.MariaDB(t).Backend
	m := maskingMesh(t, server, &masking{}, false, "")
	r := openMasked(t, m, server, rawCaps)
	long(t, r)
	running(t, server)
	if got := r.answer(t, core.Query); lastErr(t, got) != nil || len(got) < 60000000 {
		t.Errorf("%d bytes, %v", len(got), lastErr(t, got))
	}
	long(t, r)
	running(t, server)
	_ = r.Close()
	until(t, patience, "the session has ended", func() bool { return m.server.Sessions() == 0 })
}

func TestAFileIsLoadedThroughAChainThatSeesColumns(t *testing.T) {
	server := servers.MariaDB(t).Backend
	server.SQL(t, "SET GLOBAL local_infile = 1")
	run(t, app(t, server.Addr, params), "CREATE OR REPLACE TABLE loaded (a VARCHAR(20))")
	bothWays(t, func(t *testing.T, slow bool) {
		r := openMasked(t, maskingMesh(t, server, &masking{}, slow, ""), server, rawCaps|wire.LocalFiles)
		const load = "LOAD DATA LOCAL INFILE 'x' INTO TABLE loaded"
		got := r.reply(t, core.Query, []byte("SELECT 'secret' AS keep_s; "+load))
		if !has(got, "se***t") || !has(got, "\xfbx") {
			t.Fatalf("before the file: %q", got)
		}
		seq := got[len(got)-3]
		file, _ := wire.AppendFrame(nil, []byte("one\ntwo\n"), seq+1)
		file, _ = wire.AppendFrame(file, nil, seq+2)
		if _, err := r.Write(file); err != nil {
			t.Fatal(err)
		}
		if got := payloads(r.answer(t, core.Ping)); got[0][:2] != "\x00\x02" {
			t.Errorf("loaded: %q", got)
		}
		// The server waits for a file that the client, denied a result before, knows nothing of.
		if e := lastErr(t, r.reply(t, core.Query, []byte("SELECT 'secret' AS denied_s; "+load+"; "+load))); e == nil || e.Code != 1142 {
			t.Errorf("denied before a file: %v", e)
		}
		if got := r.reply(t, core.Query, []byte("SELECT 'alive', COUNT(*) FROM loaded")); !has(got, "alive") {
			t.Errorf("then: %q", got)
		}
	})
}

func TestAFilterThatEndsOrPanicsAtColumns(t *testing.T) {
	server := shared.MariaDB(t).Backend
	bothWays(t, func(t *testing.T, slow bool) {
		m := maskingMesh(t, server, &masking{}, slow, "")
		c := session(t, app(t, m.addr(), params))
		if _, err := ask(c, "SELECT 1 AS panics_x"); code(err) != 1105 || !strings.Contains(err.Error(), `filter "masking" failed`) {
			t.Errorf("panic: %v", err)
		}
		if got := value(t, c, "SELECT 42"); got != "42" {
			t.Errorf("then: %s", got)
		}
		if _, err := ask(c, "SELECT 1 AS ends_x"); code(err) != 1142 {
			t.Errorf("disconnected: %v", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		until(t, patience, "the session has ended", func() bool { return m.server.Sessions() == 0 })
		_ = c.PingContext(ctx)
	})
}
