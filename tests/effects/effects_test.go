package effects

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/servers"
)

const wait = time.Minute

func TestStatementsLeaveBehindWhatTheTableSays(t *testing.T) {
	mysql.RegisterReaderHandler("one", func() io.Reader { return strings.NewReader("1\n") })
	rows := map[string]stmt.Cause{}
	for _, c := range stmt.Causes() {
		rows[c.Name] = c
	}
	skipped := 0
	for i, c := range cases() {
		row, ok := rows[c.row]
		if !ok {
			t.Errorf("the table has no row %q", c.row)
			continue
		}
		if c.skip != "" {
			skipped++
			t.Logf("%s: %s", c.row, c.skip)
			continue
		}
		t.Run(fmt.Sprintf("%02d %s", i, c.row), func(t *testing.T) {
			server := place(t, c.tidb)
			show(t, server, c)
			classify(t, server, c, row)
		})
	}
	if skipped > 2 {
		t.Errorf("%d rows are shown by no server", skipped)
	}
}

func TestEveryRowAndEveryEffectIsShown(t *testing.T) {
	shown := map[string]bool{}
	for _, c := range cases() {
		shown[c.row] = true
	}
	all := core.Effect(0)
	for _, c := range stmt.Causes() {
		all |= c.Creates
		if !shown[c.Name] {
			t.Errorf("no case shows %q", c.Name)
		}
	}
	if missing := core.AllEffects &^ all; missing != 0 {
		t.Errorf("no row creates %v", missing)
	}
}

// place is a server with what the cases need.
func place(t *testing.T, tidb bool) *servers.Backend {
	t.Helper()
	if tidb {
		server := shared.TiDB(t).Ends[0]
		server.SQL(t, "USE app; CREATE TABLE IF NOT EXISTS t(a INT PRIMARY KEY, b INT)")
		return server
	}
	server := shared.MariaDB(t).Backend
	server.SQL(t, `USE app; CREATE TABLE IF NOT EXISTS t(a INT PRIMARY KEY, b INT); REPLACE INTO t VALUES (1, 1), (2, 2), (3, 3);
		CREATE TABLE IF NOT EXISTS numbered(a INT PRIMARY KEY AUTO_INCREMENT); CREATE TABLE IF NOT EXISTS loaded(a INT);
		DELETE FROM numbered; CREATE SEQUENCE IF NOT EXISTS seq`)
	return server
}

func show(t *testing.T, server *servers.Backend, c shown) {
	t.Helper()
	before := answer(t, server, c, c.setup)
	if before == c.left {
		t.Errorf("the answer is %q before anything was done", before)
	}
	if got := answer(t, server, c, c.setup, c.create); got != c.left {
		t.Errorf("after %q the answer is %q, want %q", c.create, got, c.left)
	}
	if c.undo == nil {
		return
	}
	if got := answer(t, server, c, c.setup, c.create, c.undo); got != before {
		t.Errorf("after %q and %q the answer is %q, want %q as before", c.create, c.undo, got, before)
	}
}

// classify compares with the facts.
func classify(t *testing.T, server *servers.Backend, c shown, row stmt.Cause) {
	t.Helper()
	m := stmt.ServerMode(server.Value(t, "SELECT VERSION()"))
	if !c.doubtful {
		m.Charset = stmt.CharsetUTF8
	}
	if row.Creates != 0 {
		last := c.create[len(c.create)-1]
		f := stmt.Analyze(m, []byte(last))
		if !f.Creates.Has(row.Creates) {
			t.Errorf("%s creates %v, want %v among it", last, f.Creates, row.Creates)
		}
		if precise := row.Creates != core.EffectUnknown && row.Creates != core.EffectWarnings; precise && !f.Opaque && f.Creates.Has(core.EffectUnknown) {
			t.Errorf("%s creates %v, which is more than is shown: %+v", last, f.Creates, f.Pins)
		}
	}
	if row.Releases != 0 {
		last := c.undo[len(c.undo)-1]
		if f := stmt.Analyze(m, []byte(last)); !f.Releases.Has(row.Releases) {
			t.Errorf("%s releases %v, want %v among it", last, f.Releases, row.Releases)
		}
	}
}

// answer asks on a new connection, or beside it, behind the statements. Nothing of the
// connection is left when it returns.
func answer(t *testing.T, server *servers.Backend, c shown, lists ...[]string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	conn, end := connect(ctx, t, server)
	defer end()
	for _, list := range lists {
		for _, statement := range list {
			if got := ask(ctx, conn, statement); strings.HasPrefix(got, "error") {
				t.Fatalf("%s: %s", statement, got)
			}
		}
	}
	if c.elsewhere {
		beside, endBeside := connect(ctx, t, server)
		defer endBeside()
		conn = beside
	}
	last := ""
	for _, question := range c.ask {
		last = ask(ctx, conn, question)
	}
	return last
}

// connect opens a connection; end waits until the server has forgotten it.
func connect(ctx context.Context, t *testing.T, server *servers.Backend) (conn *sql.Conn, end func()) {
	t.Helper()
	db, err := sql.Open("mysql", server.DSN("root", "", servers.Schema))
	if err != nil {
		t.Fatal(err)
	}
	conn, err = db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	id := ask(ctx, conn, "SELECT CONNECTION_ID()")
	return conn, func() {
		_ = conn.Close()
		_ = db.Close()
		for {
			left, err := server.Query(ctx, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = ?", id)
			if err != nil {
				t.Error(err)
				return
			}
			if left[0][0] == "0" {
				return
			}
		}
	}
}

// ask gives the first value of the first row, "" if there is none, or the error's number.
func ask(ctx context.Context, conn *sql.Conn, statement string) string {
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return failed(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return failed(err)
	}
	if !rows.Next() {
		if rows.Err() != nil {
			return failed(rows.Err())
		}
		return ""
	}
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return failed(err)
	}
	if !values[0].Valid {
		return "NULL"
	}
	return values[0].String
}

func failed(err error) string {
	var said *mysql.MySQLError
	if errors.As(err, &said) {
		return fmt.Sprintf("error %d", said.Number)
	}
	return "error: " + err.Error()
}
