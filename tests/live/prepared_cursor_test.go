package live

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// opens executes with a cursor.
func (r *raw) opens(t testing.TB, id uint32) {
	t.Helper()
	payload := execute(id)
	payload[4] = 1 // read only
	f, err := r.do(core.Execute, payload)
	if err != nil || f.Status&wire.StatusCursor == 0 {
		t.Fatalf("no cursor: %+v, %v", f, err)
	}
}

// fetches takes n rows from a cursor and says whether it has ended by that.
func (r *raw) fetches(t testing.TB, id uint32, n, want int) (ended bool) {
	t.Helper()
	f, err := r.do(core.Fetch, binary.LittleEndian.AppendUint32(statementID(id), uint32(n)))
	if err != nil || int(f.Rows) != want {
		t.Fatalf("fetched %+v, %v, want %d rows", f, err, want)
	}
	return f.Status&wire.StatusLastRow != 0
}

// stuck says whether another session gets no connection, tried again and again: on a busy
// machine one that is free comes late at times.
func stuck(t testing.TB, m *mesh) bool {
	t.Helper()
	for range 10 {
		if !refused(t, m) {
			return false
		}
	}
	return true
}

// refused says whether another session gets no connection within the time that it may wait.
func refused(t testing.TB, m *mesh) bool {
	t.Helper()
	switch err := dialRaw(t, m.addr(), "app", "app").query("DO 1"); errno(err) {
	case 0:
		return false
	case 1040:
		return true
	default:
		t.Fatal(err)
		return false
	}
}

const rows5 = "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5"

func TestAnOpenCursorHoldsItsConnection(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := startMesh(t, parts{}, sharing(server, "max: 1, queue_timeout: 100ms").text())
		r := dialRaw(t, m.addr(), "app", "app")
		id := r.prepares(t, rows5)
		ends := map[string]func(){
			"the last row": func() { r.fetches(t, id, 10, 2) },
			"a reset": func() {
				if _, err := r.do(core.ResetStatement, statementID(id)); err != nil {
					t.Fatal(err)
				}
			},
			"an execute without": func() {
				if _, err := r.do(core.Execute, execute(id)); err != nil {
					t.Fatal(err)
				}
			},
			"a close": func() { r.closes(t, id); id = r.prepares(t, rows5) },
			"a reset connection": func() {
				if _, err := r.do(core.ResetConnection, nil); err != nil {
					t.Fatal(err)
				}
				id = r.prepares(t, rows5)
			},
		}
		if server.Flavour == servers.FlavourTiDB { // keeps it open
			delete(ends, "an execute without")
		}
		for name, end := range ends {
			if stuck(t, m) {
				t.Fatalf("held before %s", name)
			}
			r.opens(t, id)
			if !refused(t, m) {
				t.Fatalf("%s: an open cursor does not hold its connection", name)
			}
			if r.fetches(t, id, 3, 3) {
				t.Fatal("it has ended")
			}
			end()
			if stuck(t, m) {
				t.Errorf("held after %s", name)
			}
		}
		r.opens(t, id)
		_ = r.Close()
		until(t, patience, "the session's end frees the connection", func() bool { return !refused(t, m) })
	})
}

// Two statements of one text are two statements, though one of the server's serves them.
func TestCursorsOfOneTextAreKeptApart(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := startMesh(t, parts{}, sharing(server, "max: 1").text())
		r := dialRaw(t, m.addr(), "app", "app")
		one, two := r.prepares(t, rows5), r.prepares(t, rows5)
		r.opens(t, one)
		r.opens(t, two)
		three := r.prepares(t, rows5)
		r.fetches(t, one, 4, 4)
		r.fetches(t, two, 1, 1)
		if f, err := r.do(core.Execute, execute(three)); err != nil || f.Rows != 5 {
			t.Errorf("%+v, %v", f, err)
		}
		r.closes(t, one)
		r.fetches(t, two, 2, 2)
		if !r.fetches(t, two, 9, 2) {
			t.Error("more than five rows")
		}
		other := dialRaw(t, m.addr(), "app", "app")
		if f, err := other.do(core.Execute, execute(other.prepares(t, rows5))); err != nil || f.Rows != 5 {
			t.Errorf("%+v, %v", f, err)
		}
		if f, err := r.do(core.Execute, execute(two)); err != nil || f.Rows != 5 {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

func TestAParameterInPiecesHoldsItsConnection(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := startMesh(t, parts{}, sharing(server, "max: 1, queue_timeout: 100ms").text())
		r := dialRaw(t, m.addr(), "app", "app")
		id := r.prepareEcho(t, 2)
		whole, pieces := param{kind: 252, data: block("whole")}, param{kind: 252, pieces: true}
		long := string(bytes.Repeat([]byte("long "), 10_000)) // more than a buffer
		r.piece(t, id, 1, "in ")
		until(t, patience, "a piece holds its connection", func() bool { return refused(t, m) }) // nothing answers it
		r.piece(t, id, 1, long)
		both, err := r.echo(bind(id, true, whole, pieces), 2)
		if err != nil || both[0] != "whole" || both[1] != "in "+long {
			t.Fatalf("got %.40q, %v", both, err)
		}
		if stuck(t, m) {
			t.Error("held after the execute")
		}
		other := dialRaw(t, m.addr(), "app", "app")
		if got, err := other.echo(bind(other.prepareEcho(t, 2), true, whole, whole), 2); err != nil || fmt.Sprint(got) != "[whole whole]" {
			t.Errorf("another session got %.40q, %v", got, err)
		}
		if got, err := r.echo(bind(id, false, whole, whole), 2); err != nil || fmt.Sprint(got) != "[whole whole]" {
			t.Errorf("the next execute got %.40q, %v", got, err)
		}
		r.piece(t, id, 0, "forgotten")
		if _, err := r.do(core.ResetStatement, statementID(id)); err != nil {
			t.Fatal(err)
		}
		if stuck(t, m) {
			t.Error("held after a reset")
		}
		if got, err := r.echo(bind(id, false, whole, whole), 2); err != nil || fmt.Sprint(got) != "[whole whole]" {
			t.Errorf("after the reset: %.40q, %v", got, err)
		}
		r.piece(t, id, 0, "closed")
		r.closes(t, id)
		if stuck(t, m) {
			t.Error("held after a close")
		}
	})
}
