package live

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// tries prepares a statement; an ERR packet is an error.
func (r *raw) tries(text string) (uint32, error) {
	f, err := r.do(core.Prepare, []byte(text))
	if err != nil {
		return 0, err
	}
	return f.StatementID, nil
}

// prepares is tries that must succeed.
func (r *raw) prepares(t testing.TB, text string) uint32 {
	t.Helper()
	id, err := r.tries(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return id
}

func (r *raw) closes(t testing.TB, id uint32) {
	t.Helper()
	if err := r.send(core.CloseStatement, statementID(id)); err != nil {
		t.Fatal(err)
	}
}

func statementID(id uint32) []byte { return binary.LittleEndian.AppendUint32(nil, id) }

// gives executes a statement of one column of text and compares the one row's.
func (r *raw) gives(t testing.TB, payload []byte, want string) {
	t.Helper()
	got, err := r.echo(payload, 1)
	if err != nil {
		t.Fatalf("%v, want %q", err, want)
	}
	if got[0] != want {
		t.Fatalf("got %q, want %q", got[0], want)
	}
}

// where is the server's id of the connection on which the session's statements run now.
func (r *raw) where(t testing.TB) string {
	t.Helper()
	id := r.prepares(t, "SELECT CAST(CONNECTION_ID() + 0 AS CHAR)")
	got, err := r.echo(execute(id), 1)
	if err != nil {
		t.Fatal(err)
	}
	r.closes(t, id)
	return got[0]
}

// moved has the session's next statements run on another connection than its last ones,
// until the function that it gives is called. The pool must have two connections.
func (r *raw) moved(t testing.TB, m *mesh) (back func()) {
	t.Helper()
	before := r.where(t)
	does := func(holder *raw, text string) {
		t.Helper()
		if err := holder.query(text); err != nil {
			t.Fatal(err)
		}
	}
	holder := dialRaw(t, m.addr(), "app", "app")
	does(holder, "BEGIN")
	if r.where(t) == before { // it lingers there
		second := dialRaw(t, m.addr(), "app", "app")
		does(second, "BEGIN")
		does(holder, "COMMIT")
		holder = second
	}
	if now := r.where(t); now == before {
		t.Fatalf("the session is still on connection %s", now)
	}
	return func() { does(holder, "COMMIT") }
}

// twoConnections is dbmesh before a server, with two connections for all sessions.
func twoConnections(t *testing.T, server *servers.Backend, how string) *mesh {
	t.Helper()
	return startMesh(t, parts{}, sharing(server, "max: 2, queue_timeout: 5s"+comma(how)).text())
}

// flavours runs a test before each sort of server.
func flavours(t *testing.T, test func(t *testing.T, server *servers.Backend)) {
	t.Run("MariaDB", func(t *testing.T) { test(t, shared.MariaDB(t).Backend) })
	t.Run("TiDB", func(t *testing.T) { test(t, shared.TiDB(t).Ends[0]) })
}

// MariaDB's first number may be any: its threads go on counting for the next client.
func TestSessionsNumberTheirStatementsAsAServerDoes(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := twoConnections(t, server, "")
		dialogue := func(r *raw) (all []string) {
			first := r.prepares(t, "SELECT 0") - 1
			for _, text := range []string{"SELECT 1", "SELECT 1", "SELEC", "SELECT 2", "", "SELECT 3", "SELECT 1; SELECT 2", "SELECT 4"} {
				id, err := r.tries(text)
				if err == nil {
					id -= first
				}
				all = append(all, fmt.Sprint(text, " ", id, " ", errno(err)))
			}
			for _, text := range []string{"PREPARE x FROM 'SELECT 5'", "EXECUTE x", "PREPARE x FROM 'SELEC'", "SELEC", "SELECT 6"} {
				err := r.query(text)
				all = append(all, fmt.Sprint(text, " ", errno(err), ", then ", r.prepares(t, "SELECT 1")-first))
			}
			_, err := r.do(core.ResetConnection, nil)
			if server.Flavour == servers.FlavourTiDB {
				first = 0
			}
			return append(all, fmt.Sprint("reset ", errno(err), ", then ", r.prepares(t, "SELECT 7")-first))
		}
		want := dialogue(dialRaw(t, server.Addr, "app", "app"))
		for range 3 {
			if got := dialogue(dialRaw(t, m.addr(), "app", "app")); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		}
	})
}

func TestStatementsOfManySessionsShareTheConnections(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := twoConnections(t, server, "")
		var all []*raw
		for i := range 10 {
			r := dialRaw(t, m.addr(), "app", "app")
			if id := r.prepares(t, fmt.Sprintf("SELECT CAST(%d AS CHAR)", i)); id != 1 {
				t.Fatalf("the first statement of session %d is %d", i, id)
			}
			if id := r.prepareEcho(t, 1); id != 2 {
				t.Fatalf("the second statement of session %d is %d", i, id)
			}
			all = append(all, r)
		}
		for range 3 {
			for i, r := range all {
				r.gives(t, execute(1), fmt.Sprint(i))
				r.gives(t, bind(2, true, param{kind: 8, data: le(8, uint64(i))}), fmt.Sprint(i))
			}
		}
		for _, r := range all {
			r.closes(t, 1)
			if _, err := r.echo(execute(1), 1); err == nil {
				t.Error("a closed statement is executed")
			}
		}
	})
}

// Types are told once, and belong to the statement, not to the connection where it was when
// they were told.
func TestTypesFollowAStatementToAnotherConnection(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := twoConnections(t, server, "")
		a, b := dialRaw(t, m.addr(), "app", "app"), dialRaw(t, m.addr(), "app", "app")
		ida, idb := a.prepareEcho(t, 2), b.prepareEcho(t, 2)
		byteOf := func(flags byte) param { return param{kind: 1, flags: flags, data: "\xff"} }
		text := param{kind: 253, data: block("text")}
		give := func(r *raw, id uint32, types bool, want string, list ...param) {
			t.Helper()
			got, err := r.echo(bind(id, types, list...), 2)
			if err != nil || strings.Join(got, " ") != want {
				t.Fatalf("got %q, %v, want %q", got, err, want)
			}
		}
		give(a, ida, true, "-1 text", byteOf(0), text)
		give(b, idb, true, "text 255", text, byteOf(0x80))
		back := a.moved(t, m)
		give(a, ida, false, "-1 text", byteOf(0), text)
		give(b, idb, false, "text 255", text, byteOf(0x80)) // the same statement of the server's
		give(a, ida, false, "NULL text", param{null: true}, text)
		give(a, ida, false, "-1 text", byteOf(0), text)
		back()
		back = b.moved(t, m)
		give(b, idb, false, "text 255", text, byteOf(0x80))
		give(a, ida, false, "-1 text", byteOf(0), text)
		give(a, ida, true, "255 text", byteOf(0x80), text)
		back()
		give(b, idb, false, "text 255", text, byteOf(0x80))
		give(a, ida, false, "255 text", byteOf(0x80), text)
	})
}

// An execute that tells no types, of a statement to which none were told, finds none of
// another session's.
func TestNobodyExecutesByTheTypesOfAnother(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := startMesh(t, parts{}, sharing(server, "max: 1").text())
		direct := dialRaw(t, server.Addr, "app", "app")
		_, want := direct.echo(bind(direct.prepareEcho(t, 1), false, param{kind: 1, data: "\x07"}), 1)
		a, b := dialRaw(t, m.addr(), "app", "app"), dialRaw(t, m.addr(), "app", "app")
		ida, idb := a.prepareEcho(t, 1), b.prepareEcho(t, 1)
		a.gives(t, bind(ida, true, param{kind: 1, data: "\x07"}), "7")
		if got, err := b.echo(bind(idb, false, param{kind: 1, data: "\x07"}), 1); errno(err) != errno(want) || err == nil {
			t.Errorf("got %q, %v, want %v", got, err, want)
		}
		a.gives(t, bind(ida, false, param{kind: 1, data: "\x08"}), "8")
		b.gives(t, bind(idb, true, param{kind: 1, flags: 0x80, data: "\xff"}), "255")
		a.gives(t, bind(ida, false, param{kind: 1, data: "\xff"}), "-1")
	})
}

func TestUnknownStatementsAreAnsweredAsTheServerDoes(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := twoConnections(t, server, "")
		other := dialRaw(t, m.addr(), "app", "app")
		for range 20 {
			other.prepares(t, "SELECT 1")
		}
		ask := func(r *raw) (all []string) {
			known := r.prepares(t, "SELECT 1")
			for _, id := range []uint32{^uint32(1), 0} {
				for _, c := range []core.Code{core.Execute, core.ResetStatement, core.Fetch} {
					payload := statementID(id)
					switch c {
					case core.Execute:
						payload = execute(id)
					case core.Fetch:
						payload = append(payload, 1, 0, 0, 0)
					}
					_, err := r.do(c, payload)
					all = append(all, fmt.Sprint(c, err))
				}
				r.closes(t, id)
				if server.Flavour == servers.FlavourMariaDB {
					r.piece(t, id, 0, "nothing") // which TiDB answers, against the protocol
				}
			}
			_, err := r.do(core.Fetch, append(statementID(known), 1, 0, 0, 0))
			return append(all, strings.ReplaceAll(fmt.Sprint("no cursor: ", err), fmt.Sprint("(", known, ")"), "(it)"))
		}
		want := ask(dialRaw(t, server.Addr, "app", "app"))
		if got := ask(dialRaw(t, m.addr(), "app", "app")); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// MariaDB's id for the statement that was prepared last.
func TestTheLastStatementIsTheSessionsOwn(t *testing.T) {
	server := shared.MariaDB(t)
	m := twoConnections(t, server.Backend, "")
	const last = ^uint32(0)
	dialogue := func(r *raw, between func()) (all []string) {
		note := func() {
			between()
			got, err := r.echo(execute(last), 1)
			all = append(all, fmt.Sprint(got, err))
		}
		note()
		r.prepares(t, "SELECT 'one'")
		note()
		two := r.prepares(t, "SELECT 'two'")
		note()
		_, _ = r.tries("SELEC")
		note()
		r.prepares(t, "SELECT 'three'")
		r.closes(t, two)
		note()
		r.closes(t, last)
		note()
		return all
	}
	want := dialogue(dialRaw(t, server.Addr, "app", "app"), func() {})
	other := dialRaw(t, m.addr(), "app", "app")
	got := dialogue(dialRaw(t, m.addr(), "app", "app"), func() { other.prepares(t, "SELECT 'another'") })
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
