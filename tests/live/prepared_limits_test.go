package live

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// open is how many prepared statements the server has for all its connections.
func open(t testing.TB, server *servers.Server) int {
	t.Helper()
	rows, err := server.Query(t.Context(), "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(rows[0][1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAConnectionKeepsSoManyStatements(t *testing.T) {
	server := servers.MariaDB(t)
	m := startMesh(t, parts{}, sharing(server.Backend, "max: 1, max_statements: 2").text())
	all := []*raw{dialRaw(t, m.addr(), "app", "app"), dialRaw(t, m.addr(), "app", "app")}
	texts := func(i, k int) string { return fmt.Sprintf("SELECT '%d of %d'", k, i%2*7) }
	for i, r := range all {
		for k := range 5 {
			r.prepares(t, texts(i, k))
		}
	}
	for range 2 {
		for i, r := range all {
			for k := range 5 {
				r.gives(t, execute(uint32(k+1)), fmt.Sprintf("%d of %d", k, i%2*7))
				// One more may wait to be closed with the next command.
				if n := open(t, server); n > 3 {
					t.Fatalf("the server has %d statements for one connection, want 2 and one that is to be closed", n)
				}
			}
		}
	}
	// A closed statement stays on the connection for who prepares it next.
	for k := range 5 {
		all[0].closes(t, uint32(k+1))
		all[1].closes(t, uint32(k+1))
	}
	all[0].does(t, "DO 1")
	if n := open(t, server); n != 2 {
		t.Errorf("the server has %d statements, want 2", n)
	}
	if _, err := all[0].do(core.ResetConnection, nil); err != nil {
		t.Fatal(err)
	}
	if n := open(t, server); n != 0 {
		t.Errorf("the server has %d statements after a reset, want none", n)
	}
	all[1].gives(t, execute(all[1].prepares(t, texts(0, 0))), "0 of 0")
}

func TestStatementsAreLimitedPerSessionAndInAll(t *testing.T) {
	server := shared.MariaDB(t)
	s := sharing(server.Backend, "max: 1")
	s.top = "limits: {max_statements: 3, max_all_statements: 4}\n"
	m := startMesh(t, parts{}, s.text())
	a, b := dialRaw(t, m.addr(), "app", "app"), dialRaw(t, m.addr(), "app", "app")
	var ids []uint32
	for i := range 3 {
		ids = append(ids, a.prepares(t, fmt.Sprintf("SELECT 'a%d'", i)))
	}
	if _, err := a.tries("SELECT 'a3'"); errno(err) != 1461 {
		t.Errorf("a fourth statement: %v", err)
	}
	one := b.prepares(t, "SELECT 'a0'") // a text of the other session's
	b.prepares(t, "SELECT 'b'")
	if _, err := b.tries("SELECT 'c'"); errno(err) != 1461 || !strings.Contains(err.Error(), "max_all_statements") {
		t.Errorf("a fifth text: %v", err)
	}
	b.gives(t, execute(one), "a0")
	a.closes(t, ids[1])
	b.gives(t, execute(b.prepares(t, "SELECT 'c'")), "c")
	_ = b.Close()
	until(t, patience, "the other session's texts are free", func() bool {
		_, err := a.tries("SELECT 'd'")
		return err == nil
	})
	if _, err := a.tries("SELEC"); errno(err) != 1461 {
		t.Errorf("%v", err)
	}
	a.closes(t, ids[0])
	for range 5 { // what fails takes no room
		if _, err := a.tries("SELEC"); errno(err) != 1064 {
			t.Errorf("%v", err)
		}
	}
	a.gives(t, execute(a.prepares(t, "SELECT 'e'")), "e")
	s.top = "limits: {max_statements: 9, max_all_statements: 9}\n"
	if err := m.apply(s.text()); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		a.gives(t, execute(a.prepares(t, fmt.Sprintf("SELECT 'f%d'", i))), fmt.Sprint("f", i))
	}
}

func TestStatementsEndWithTheirLogin(t *testing.T) {
	server := servers.MariaDB(t)
	m := startMesh(t, parts{}, sharing(server.Backend, "max: 1, queue_timeout: 2s").text())
	r := dialRaw(t, m.addr(), "app", "app")
	for name, end := range map[string]func(){
		"reset connection": func() {
			if _, err := r.do(core.ResetConnection, nil); err != nil {
				t.Fatal(err)
			}
		},
		"the client's end": func() {
			_ = r.Close()
			r = dialRaw(t, m.addr(), "app", "app")
		},
	} {
		id := r.prepares(t, rows5)
		r.opens(t, id)
		r.piece(t, r.prepareEcho(t, 1), 0, "piece")
		end()
		if _, err := r.do(core.Execute, execute(id)); errno(err) != 1243 {
			t.Errorf("after %s: %v, want 1243", name, err)
		}
		r.gives(t, execute(r.prepares(t, "SELECT 'next'")), "next")
	}
}

// A text too long to be kept is executed where it was prepared, and nowhere else.
func TestAVeryLongStatementHoldsItsConnection(t *testing.T) {
	server := shared.MariaDB(t)
	m := startMesh(t, parts{}, sharing(server.Backend, "max: 1, queue_timeout: 100ms").text())
	r := dialRaw(t, m.addr(), "app", "app")
	for _, c := range []struct {
		size  int
		stuck bool
	}{{100 << 10, false}, {1<<20 - 100, false}, {1<<20 + 100, true}, {17 << 20, true}} {
		if c.size > 16<<20 {
			server.SQL(t, "SET GLOBAL max_allowed_packet = 64 * 1024 * 1024")
			m = startMesh(t, parts{}, sharing(server.Backend, "max: 1, queue_timeout: 100ms").text())
			r = dialRaw(t, m.addr(), "app", "app")
		}
		text := "SELECT 'long' /* " + strings.Repeat("x", c.size) + " */"
		packet, _ := wire.AppendFrame(nil, append([]byte{byte(core.Prepare)}, text...), 0)
		if _, err := r.Write(packet); err != nil {
			t.Fatal(err)
		}
		f, err := r.response(core.Prepare)
		if err != nil || f.Err != nil {
			t.Fatalf("%d bytes: %v, %v", c.size, f, err)
		}
		if got := stuck(t, m); got != c.stuck {
			t.Errorf("%d bytes hold the connection: %v", c.size, got)
		}
		r.gives(t, execute(f.StatementID), "long")
		r.closes(t, f.StatementID)
		if _, err := r.do(core.ResetConnection, nil); err != nil { // dbmesh can't say what such a statement does
			t.Fatal(err)
		}
		if stuck(t, m) {
			t.Errorf("%d bytes hold the connection when they are closed", c.size)
		}
	}
}

// An execute that tells no types may be of any length; only where it fills its frame they
// do not fit in.
func TestTypesArePutIntoLongExecutes(t *testing.T) {
	server := servers.MariaDB(t, servers.MaxPacket("64M"))
	m := twoConnections(t, server.Backend, "")
	r := dialRaw(t, m.addr(), "app", "app")
	f, err := r.do(core.Prepare, []byte("SELECT CAST(LENGTH(?) AS CHAR)"))
	if err != nil {
		t.Fatal(err)
	}
	id := f.StatementID
	of := func(n int) param {
		return param{kind: 252, data: "\xfe" + le(8, uint64(n)) + strings.Repeat("x", n)}
	}
	r.gives(t, bind(id, true, of(1)), "1")
	back := r.moved(t, m)
	defer back()
	const rest = 1 + 4 + 1 + 4 + 1 + 1 + 9 // command, statement, flags, iterations, NULLs, flag, length
	for _, n := range []int{1, 20 << 10, 300 << 10, 5 << 20, 1<<24 - 2 - rest - 2} {
		// Another session tells other types to the same statement of the server's.
		other := dialRaw(t, m.addr(), "app", "app")
		other.gives(t, bind(other.prepares(t, "SELECT CAST(LENGTH(?) AS CHAR)"), true, param{kind: 8, data: le(8, 1234)}), "4")
		r.gives(t, bind(id, false, of(n)), strconv.Itoa(n))
		r.gives(t, bind(id, false, of(n)), strconv.Itoa(n))
		_ = other.Close()
	}
	other := dialRaw(t, m.addr(), "app", "app")
	other.gives(t, bind(other.prepares(t, "SELECT CAST(LENGTH(?) AS CHAR)"), true, param{kind: 8, data: le(8, 1234)}), "4")
	for _, n := range []int{1<<24 - 2 - rest - 1, 1<<24 - rest, 20 << 20} {
		if _, err := r.echo(bind(id, false, of(n)), 1); errno(err) != 1615 {
			t.Errorf("%d bytes: %v, want 1615", n, err)
		}
	}
	r.gives(t, bind(id, true, of(20<<20)), strconv.Itoa(20<<20))
	r.gives(t, bind(id, false, of(20<<20)), strconv.Itoa(20<<20))
}

// Drivers prepare, execute and close for each query with parameters.
func TestDriversPrepareOnSharedConnections(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := startMesh(t, parts{}, sharing(server, "max: 2, max_statements: 3").text())
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
		defer cancel()
		var clients sync.WaitGroup
		for i := range 12 {
			clients.Go(func() {
				db := app(t, m.addr())
				db.SetMaxOpenConns(1)
				kept, err := db.PrepareContext(ctx, "SELECT ?, ?, ?")
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = kept.Close() }()
				for k := range 60 {
					turn := i + k
					if server.Flavour == servers.FlavourTiDB { // which fails by itself if they change
						turn = i
					}
					if err := threeValues(ctx, kept, turn, k); err != nil {
						t.Errorf("client %d: %v", i, err)
						return
					}
					var got string
					text := fmt.Sprintf("SELECT CONCAT('%d-', ?)", k%5)
					if err := db.QueryRowContext(ctx, text, i).Scan(&got); err != nil || got != fmt.Sprintf("%d-%d", k%5, i) {
						t.Errorf("client %d: %q, %v", i, got, err)
						return
					}
				}
			})
		}
		clients.Wait()
	})
}

// threeValues executes with parameters whose types are others in the next turn.
func threeValues(ctx context.Context, st *sql.Stmt, turn, k int) error {
	args := []any{k, fmt.Sprint("text ", k), float64(k) / 2}
	for range turn % 3 {
		args = []any{args[2], args[0], args[1]}
	}
	var got [3]string
	if err := st.QueryRowContext(ctx, args...).Scan(&got[0], &got[1], &got[2]); err != nil {
		return err
	}
	for n, x := range args {
		if got[n] != fmt.Sprint(x) {
			return fmt.Errorf("got %q, want %v", got, args)
		}
	}
	return nil
}
