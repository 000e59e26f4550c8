package live

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// bulk is MariaDB's COM_STMT_BULK_EXECUTE of rows of one number each.
func bulk(id uint32, types bool, rows ...uint64) []byte {
	b := append(binary.LittleEndian.AppendUint32(nil, id), 0, 0)
	if types {
		b[4] = 0x80
		b = append(b, 8, 0)
	}
	for _, n := range rows {
		b = append(append(b, 0), le(8, n)...)
	}
	return b
}

func TestBulkExecutesRunOnSharedConnections(t *testing.T) {
	server := shared.MariaDB(t)
	server.SQL(t, "CREATE TABLE app.bulk (a BIGINT)")
	m := twoConnections(t, server.Backend, "")
	dial := func(addr string, caps wire.Caps) *raw {
		r := &raw{caps: caps}
		if err := r.open(addr, "app", "app"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	r, other := dial(m.addr(), mariadbCaps), dial(m.addr(), mariadbCaps)
	const text = "INSERT INTO bulk VALUES (?)"
	id, theirs := r.prepares(t, text), other.prepares(t, text)
	insert := func(r *raw, code core.Code, payload []byte) {
		t.Helper()
		if _, err := r.do(code, payload); err != nil {
			t.Fatal(err)
		}
	}
	insert(r, core.BulkExecute, bulk(id, true, 1, 2))
	insert(other, core.Execute, bind(theirs, true, param{kind: 253, data: block("100")}))
	insert(r, core.BulkExecute, bulk(id, false, 3, 4))
	insert(other, core.Execute, bind(theirs, false, param{kind: 253, data: block("200")}))
	back := r.moved(t, m)
	insert(r, core.BulkExecute, bulk(id, false, 5, 6))
	insert(r, core.Execute, bind(id, false, param{data: le(8, 7)}))
	back()
	if got := server.Value(t, "SELECT GROUP_CONCAT(a ORDER BY a) FROM app.bulk"); got != "1,2,3,4,5,6,7,100,200" {
		t.Errorf("inserted %s", got)
	}
	for _, caps := range []wire.Caps{mariadbCaps, rawCaps} {
		direct, shared := dial(server.Addr, caps), dial(m.addr(), caps)
		_, want := direct.do(core.BulkExecute, bulk(4_000_000_000, true, 1))
		if _, got := shared.do(core.BulkExecute, bulk(4_000_000_000, true, 1)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// What a client sends about a statement whose server is somewhere else is answered as ever.
func TestOddCommandsAboutStatementsAreAnsweredAsTheServerDoes(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := twoConnections(t, server, "")
		dialogue := func(r *raw, between func()) (all []string) {
			note := func(what string, code core.Code, payload []byte) {
				t.Helper()
				between()
				f, err := r.do(code, payload)
				if f == nil {
					t.Fatalf("%s: %v", what, err)
				}
				all = append(all, fmt.Sprint(what, ": ", errno(err), " ", f.Rows, " ", f.Status&(wire.StatusCursor|wire.StatusLastRow)))
			}
			id, two := r.prepares(t, rows5), r.prepares(t, "SELECT CAST(? AS CHAR)")
			note("reset of what was never executed", core.ResetStatement, statementID(id))
			r.opens(t, id)
			note("fetch to the end", core.Fetch, fetch(id, 5))
			note("fetch behind it", core.Fetch, fetch(id, 5))
			note("and again", core.Fetch, fetch(id, 5))
			note("execute", core.Execute, execute(id))
			r.opens(t, id)
			note("execute over a cursor", core.Execute, execute(id))
			note("fetch from that", core.Fetch, fetch(id, 5))
			open := execute(two)
			open[4] = 1
			note("no types", core.Execute, append(open, 1, 0))
			note("no types, a value", core.Execute, append(execute(two), 0, 0, 1))
			note("NULL", core.Execute, bind(two, true, param{kind: 6, null: true}))
			note("an unknown type", core.Execute, bind(two, true, param{kind: 77, data: "\x01"}))
			note("no types behind that", core.Execute, bind(two, false, param{null: true}))
			note("types", core.Execute, bind(two, true, param{kind: 1, data: "\x01"}))
			note("cut short", core.Execute, bind(two, true, param{kind: 8, data: "\x01"}))
			note("no types behind that", core.Execute, bind(two, false, param{data: le(8, 9)}))
			return all
		}
		want := dialogue(dialRaw(t, server.Addr, "app", "app"), func() {})
		r := dialRaw(t, m.addr(), "app", "app")
		other := dialRaw(t, m.addr(), "app", "app")
		mine := other.prepares(t, "SELECT CAST(? AS CHAR)")
		between := func() { other.gives(t, bind(mine, true, param{kind: 253, data: block("other")}), "other") }
		if got := dialogue(r, between); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// Connectors of MariaDB execute before they know what they have prepared.
func TestAPrepareAndItsExecuteMayComeTogether(t *testing.T) {
	m := startMesh(t, parts{}, sharing(shared.MariaDB(t).Backend, "max: 1").text())
	all := []*raw{dialRaw(t, m.addr(), "app", "app"), dialRaw(t, m.addr(), "app", "app")}
	for round := range 5 {
		for i, r := range all {
			text := fmt.Sprintf("SELECT '%d of %d'", round, i)
			both, _ := wire.AppendFrame(nil, append([]byte{byte(core.Prepare)}, text...), 0)
			both, _ = wire.AppendFrame(both, append([]byte{byte(core.Execute)}, execute(^uint32(0))...), 0)
			if _, err := r.Write(both); err != nil {
				t.Fatal(err)
			}
			f, err := r.response(core.Prepare)
			if err != nil || f.Err != nil || f.StatementID != uint32(round+1) {
				t.Fatalf("%+v, %v", f, err)
			}
			if got := r.answer(t, core.Execute); !has(got, text[8:len(text)-1]) {
				t.Errorf("executed %q", got)
			}
		}
	}
}
