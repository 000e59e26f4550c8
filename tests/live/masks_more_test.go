package live

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// lastErr is the error at the end of an answer, nil if it ends well.
func lastErr(t *testing.T, answer []byte) *wire.Err {
	t.Helper()
	all := payloads(answer)
	last := all[len(all)-1]
	if last[0] != wire.HeaderErr {
		return nil
	}
	e, err := wire.ParseErr([]byte(last))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func has(answer []byte, text string) bool { return bytes.Contains(answer, []byte(text)) }

func TestFetchedRowsAreMaskedAsTheirExecute(t *testing.T) {
	server := shared.MariaDB(t).Backend
	run(t, app(t, server.Addr, params), "CREATE OR REPLACE TABLE fetched (id INT, secret VARCHAR(20) NOT NULL) SELECT seq AS id, 'secret' AS secret FROM seq_1_to_10")
	bothWays(t, func(t *testing.T, slow bool) {
		for _, caps := range capsOfClients {
			f := &masking{}
			m := maskingMesh(t, server, f, slow, "")
			r := openMasked(t, m, server, caps)
			id := statement(r.prepare(t, []byte("SELECT id, secret AS const_s FROM fetched")))
			if got := r.reply(t, core.Execute, cursor(id)); lastErr(t, got) != nil {
				t.Fatal(lastErr(t, got))
			}
			for range 3 {
				got := r.reply(t, core.Fetch, fetch(id, 2))
				if strings.Count(string(got), maskValue) != 2 || has(got, "secret") {
					t.Errorf("caps %#x: fetched %q", uint64(caps), got)
				}
			}
			if f.times() != 1 {
				t.Errorf("caps %#x: asked %d times about one cursor", uint64(caps), f.times())
			}
			// A chain without the filter must not uncover the rows of a cursor from before.
			if err := m.apply(before(server, usualLinks).text()); err != nil {
				t.Fatal(err)
			}
			if got := r.reply(t, core.Fetch, fetch(id, 2)); strings.Count(string(got), maskValue) != 2 || has(got, "secret") {
				t.Errorf("caps %#x: fetched after the swap: %q", uint64(caps), got)
			}
			if got := r.reply(t, core.Execute, cursor(id)); lastErr(t, got) != nil {
				t.Fatal(lastErr(t, got))
			}
			if got := r.reply(t, core.Fetch, fetch(id, 2)); strings.Count(string(got), "secret") != 2 {
				t.Errorf("caps %#x: fetched from a cursor of the new chain: %q", uint64(caps), got)
			}
		}
	})
}

// swap runs f while another config is in force.
func swap(t *testing.T, m *mesh, in setup, f func(), out setup) {
	t.Helper()
	if err := m.apply(in.text()); err != nil {
		t.Fatal(err)
	}
	f()
	if err := m.apply(out.text()); err != nil {
		t.Fatal(err)
	}
}

func TestADeniedCursorGivesNoRows(t *testing.T) {
	server := shared.MariaDB(t).Backend
	for _, caps := range capsOfClients {
		r := openMasked(t, maskingMesh(t, server, &masking{}, false, ""), server, caps)
		id := statement(r.prepare(t, []byte("SELECT seq, 'secret' AS denied_s FROM seq_1_to_9")))
		if e := lastErr(t, r.reply(t, core.Execute, cursor(id))); e == nil || e.Code != 1142 {
			t.Fatalf("execute: %v", e)
		}
		for range 2 {
			got := r.reply(t, core.Fetch, fetch(id, 2))
			if e := lastErr(t, got); e == nil || e.Code != 1142 || has(got, "secret") || len(payloads(got)) != 1 {
				t.Errorf("caps %#x: fetch: %q", uint64(caps), got)
			}
		}
		if got := r.reply(t, core.Query, []byte("SELECT 'alive'")); !has(got, "alive") {
			t.Errorf("then: %q", got)
		}
	}
}

// MariaDB's clients may be told the columns by the prepare alone.
func TestColumnsThatWereToldBeforeAreKnown(t *testing.T) {
	server := shared.MariaDB(t).Backend
	for _, caps := range []wire.Caps{mariadbCaps | wire.CacheMetadata, mariadbCaps | wire.CacheMetadata | wire.DeprecateEOF} {
		f := &masking{}
		m := maskingMesh(t, server, f, false, "")
		r := openMasked(t, m, server, caps)
		id := statement(r.prepare(t, []byte("SELECT seq, 'secret' AS keep_s, CURRENT_DATE AS hash_d, 'äöü' AS null_u FROM seq_1_to_3")))
		for range 3 {
			got := r.reply(t, core.Execute, execute(id))
			if all := payloads(got); all[0] != "\x04\x00" {
				t.Fatalf("the server told the columns: %q", all[0])
			}
			if strings.Count(string(got), "se***t") != 3 || has(got, "secret") || has(got, "äöü") {
				t.Errorf("executed: %q", got)
			}
		}
		if got := f.seen(); f.times() != 3 || len(got) != 4 || got[1].Name != "keep_s" {
			t.Errorf("shown %d times: %+v", f.times(), got)
		}
		// Prepared while nobody looked: then the columns are not at hand.
		if err := m.apply(before(server, usualLinks).text()); err != nil {
			t.Fatal(err)
		}
		late := statement(r.prepare(t, []byte("SELECT 'secret' AS keep_s")))
		if err := m.apply(before(server, usualLinks+"{kind: masking}").text()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got := r.reply(t, core.Execute, execute(late))
			if e := lastErr(t, got); e == nil || e.Code != 1615 || has(got, "secret") {
				t.Errorf("executed without columns: %q", got)
			}
		}
		if got := r.reply(t, core.Execute, execute(id)); has(got, "secret") || lastErr(t, got) != nil {
			t.Errorf("executed again: %q", got)
		}
		swap(t, m, before(server, usualLinks), func() {
			if got := r.reply(t, core.Execute, execute(id)); !has(got, "secret") {
				t.Errorf("executed without the filter: %q", got)
			}
		}, before(server, usualLinks+"{kind: masking}"))
		// The server might have told other columns while nobody looked.
		if e := lastErr(t, r.reply(t, core.Execute, execute(id))); e == nil || e.Code != 1615 {
			t.Errorf("executed with columns from before: %v", e)
		}
		if got := r.reply(t, core.Query, []byte("SELECT 'secret' AS keep_s")); !has(got, "se***t") || has(got, "secret") {
			t.Errorf("as text: %q", got)
		}
		for _, sql := range []string{"PREPARE p FROM 'SELECT ''secret'' AS keep_s'", "EXECUTE p", "EXECUTE p"} {
			if got := r.reply(t, core.Query, []byte(sql)); has(got, "secret") || lastErr(t, got) != nil {
				t.Errorf("%s: %q", sql, got)
			}
		}
	}
}

func TestEachResultOfSeveralIsAskedAbout(t *testing.T) {
	server := shared.MariaDB(t).Backend
	direct := app(t, server.Addr, params)
	run(t, direct, "CREATE OR REPLACE PROCEDURE masked_many() BEGIN SELECT 'one' AS plain; SELECT 'secret' AS keep_s, 7 AS null_n; DO 1; SELECT 'three' AS plain; END")
	run(t, direct, "CREATE OR REPLACE PROCEDURE masked_out(OUT keep_a VARCHAR(20), OUT b INT) BEGIN SELECT 'first' AS plain; SET keep_a = 'secret', b = 7; END")
	bothWays(t, func(t *testing.T, slow bool) {
		for _, caps := range capsOfClients {
			f := &masking{}
			r := openMasked(t, maskingMesh(t, server, f, slow, ""), server, caps|1<<18)
			for _, sql := range []string{"CALL masked_many()", "SELECT 'one' AS plain; SELECT 'secret' AS keep_s, 7 AS null_n; DO 1; SELECT 'three' AS plain"} {
				f.forget()
				got := r.reply(t, core.Query, []byte(sql))
				if !has(got, "one") || !has(got, "se***t") || !has(got, "three") || has(got, "secret") || f.times() != 3 {
					t.Errorf("caps %#x, %s: asked %d times, %q", uint64(caps), sql, f.times(), got)
				}
			}
			id := statement(r.prepare(t, []byte("CALL masked_many()")))
			for range 2 {
				if got := r.reply(t, core.Execute, execute(id)); !has(got, "one") || !has(got, "se***t") || !has(got, "three") || has(got, "secret") {
					t.Errorf("caps %#x, executed: %q", uint64(caps), got)
				}
			}
			f.forget()
			got := r.reply(t, core.Query, []byte("SELECT 'one' AS plain; SELECT 'secret' AS denied_s; SELECT 'three' AS plain"))
			e := lastErr(t, got)
			if e == nil || e.Code != 1142 || !has(got, "one") || has(got, "secret") || has(got, "three") {
				t.Errorf("caps %#x, denied in the middle: %q", uint64(caps), got)
			}
			if o := f.failed(t); o.Err == nil || o.Err.Code != 1142 || o.Side != core.FilterSide || o.Rows != 1 {
				t.Errorf("outcome %+v", o)
			}
			if got := r.reply(t, core.Query, []byte("SELECT 'alive'")); !has(got, "alive") {
				t.Errorf("then: %q", got)
			}
			outParameters(t, r)
		}
	})
}

// outParameters come as a further result of a prepared CALL.
func outParameters(t *testing.T, r *raw) {
	t.Helper()
	id := statement(r.prepare(t, []byte("CALL masked_out(?, ?)")))
	payload := append(execute(id), 3, 1, 0xfd, 0, 3, 0) // both NULL; a string and an int
	got := r.reply(t, core.Execute, payload)
	if !has(got, "first") || !has(got, "se***t") || has(got, "secret") || !has(got, "\x07\x00\x00\x00") {
		t.Errorf("output parameters: %q", got)
	}
}

func TestABackendsErrorIsReplaced(t *testing.T) {
	server := shared.MariaDB(t).Backend
	bothWays(t, func(t *testing.T, slow bool) {
		for _, errors := range []bool{true, false} {
			f := &masking{errors: errors}
			r := openMasked(t, maskingMesh(t, server, f, slow, ""), server, rawCaps|wire.DeprecateEOF)
			instead := func(what string, got []byte, rows uint64) {
				t.Helper()
				e := lastErr(t, got)
				if e == nil || e.Code != 1644 || e.State != "45000" || !strings.HasSuffix(e.Message, "!!!") {
					t.Fatalf("%s: %.300q", what, got)
				}
				if o := f.failed(t); o.Err == nil || o.Err.Code != 1644 || o.Side != core.Server || o.Rows != rows {
					t.Errorf("%s: outcome %+v, want %d rows", what, o, rows)
				}
			}
			instead("query", r.reply(t, core.Query, []byte("SELECT * FROM nowhere")), 0)
			instead("prepare", r.reply(t, core.Prepare, []byte("SELECT * FROM nowhere")), 0)
			instead("field list", r.reply(t, core.FieldList, []byte("nowhere\x00")), 0)
			instead("rows", r.reply(t, core.Query, []byte("SELECT IF(seq < 3000, seq, (SELECT 1 UNION SELECT 2 + seq)) FROM seq_1_to_9000")), 2999)
			instead("later", r.reply(t, core.Query, []byte("SELECT 1; SELECT * FROM nowhere")), 1)
			if e := lastErr(t, r.reply(t, core.Query, []byte("nonsense"))); e == nil || e.Code != 1064 {
				t.Errorf("another error: %v", e)
			}
			if o := f.failed(t); o.Err == nil || o.Err.Code != 1064 || o.Side != core.Server {
				t.Errorf("outcome of another error: %+v", o)
			}
			if got := r.reply(t, core.Query, []byte("SELECT 'alive'")); !has(got, "alive") {
				t.Errorf("then: %q", got)
			}
		}
	})
}

func TestLongMaskedRows(t *testing.T) {
	server := shared.MariaDB(t).Backend
	for _, caps := range []wire.Caps{rawCaps, mariadbCaps | wire.DeprecateEOF} {
		f := &masking{}
		r := openMasked(t, maskingMesh(t, server, f, false, ""), server, caps)
		ok := func(sql string) []byte {
			t.Helper()
			got := r.reply(t, core.Query, []byte(sql))
			if e := lastErr(t, got); e != nil {
				t.Fatalf("%s: %v", sql, e)
			}
			return got
		}
		bad := func(sql string, rows uint64) {
			t.Helper()
			f.forget()
			got := r.reply(t, core.Query, []byte(sql))
			if e := lastErr(t, got); e == nil || e.Code != 1105 || !strings.Contains(e.Message, "16 MiB") {
				t.Fatalf("%s: %d bytes, %v", sql, len(got), e)
			}
			if o := f.failed(t); o.Err == nil || o.Err.Code != 1105 || o.Side != core.Proxy || o.Rows != rows {
				t.Errorf("%s: outcome %+v", sql, o)
			}
		}
		if got := ok("SELECT 'a' AS hash_a, REPEAT('x', 15000000) AS b, REPEAT('y', 1000000) AS keep_c"); len(got) < 16000000 || strings.Count(string(got[15000000:]), "*") < 999997 {
			t.Errorf("a row of 15 MB: %d bytes", len(got))
		}
		if got := ok("SELECT 'a' AS huge_a UNION ALL SELECT 'b' UNION ALL SELECT 'c'"); len(got) < 27<<20 {
			t.Errorf("rows that became long: %d bytes", len(got))
		}
		bad("SELECT 'a' AS huge_a, 'b' AS huge_b", 0)
		bad("SELECT 'a' AS hash_a, REPEAT('x', 17000000) AS b", 0)
		bad("SELECT 'a' AS hash_a, IF(seq = 3, REPEAT('x', 17000000), 'x') AS b FROM seq_1_to_5; SELECT 2", 2)
		if got := ok("SELECT 'alive', REPEAT('x', 17000000) AS b"); !has(got, "alive") || len(got) < 17000000 {
			t.Errorf("then %d bytes", len(got))
		}
	}
}
