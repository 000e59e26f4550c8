package live

import (
	"context"
	"database/sql"
	"strconv"
	"testing"
)

// A client that asks for its id gets the one of the greeting, which KILL takes, in a column
// that looks as the server's own does.
func TestTheConnectionIdIsTheOneOfTheGreeting(t *testing.T) {
	m, cluster := hinted(t)
	c := session(t, app(t, m.addr(), params))
	direct := session(t, app(t, cluster.Nodes[0].Addr, params))
	id := value(t, c, "SELECT CONNECTION_ID()")
	if n, err := strconv.ParseUint(id, 10, 32); err != nil || n < 1<<31 {
		t.Fatalf("the id is %s, which is not of dbmesh's range", id)
	}
	for _, sql := range []string{
		"select connection_id ( ) as mine", "SELECT /* a */ DISTINCT Connection_Id() FROM DUAL LIMIT 1",
		"/* dbmesh:pool=readers */ SELECT CONNECTION_ID()",
	} {
		if got := value(t, c, sql); got != id {
			t.Errorf("%s: %s, want %s", sql, got, id)
		}
	}
	for _, sql := range []string{"SELECT CONNECTION_ID()", "SELECT 1 AS a, Connection_id( ), connection_id() x"} {
		if through, own := columns(t, c, sql), columns(t, direct, sql); through != own {
			t.Errorf("%s: columns %s, the server's own are %s", sql, through, own)
		}
	}
	st, err := c.PrepareContext(context.Background(), "SELECT CONNECTION_ID()")
	if err != nil {
		t.Fatal(err)
	}
	var prepared string
	if err := st.QueryRow().Scan(&prepared); err != nil || prepared != id {
		t.Errorf("prepared: %s, %v", prepared, err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	// In an expression it is compared with what the server shows.
	if got := value(t, c, "SELECT COUNT(*) FROM information_schema.processlist WHERE id = CONNECTION_ID()"); got != "1" {
		t.Errorf("%s sessions of the process list are mine", got)
	}
	if err := try(session(t, app(t, m.addr(), params)), "KILL "+id); err != nil {
		t.Errorf("KILL %s: %v", id, err)
	}
	if err := try(c, "SELECT 1"); err == nil {
		t.Error("the session lives on")
	}
}

// columns shows the names and types of a result's columns.
func columns(t *testing.T, q *sql.Conn, query string) string {
	t.Helper()
	rows, err := q.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, c := range types {
		length, _ := c.Length()
		out += c.Name() + " " + c.DatabaseTypeName() + " " + strconv.FormatInt(length, 10) + ", "
	}
	return out
}
