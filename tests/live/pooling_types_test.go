package live

import (
	"context"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

// steps reads steps in the corpus's notation.
func steps(t *testing.T, text string) []dialogue.Step {
	t.Helper()
	d, err := dialogue.Parse("", "== steps variants=modern\n"+text)
	if err != nil {
		t.Fatal(err)
	}
	return d[0].Steps[:len(d[0].Steps)-2] // without the farewell
}

// An execute without types means those of the one before, wherever that was: the connection
// that it comes to may have been told others by this very session.
func TestAnExecuteWithoutTypesMeansTheLastOnesOfItsSession(t *testing.T) {
	m, server := own(t, "max: 2")
	d, err := dialogue.Parse("", "== any variants=modern\nping\n")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	open := func(addr string) *dialogue.Talk {
		talk, err := dialogue.Open(ctx, dialogue.Target{Addr: addr, User: "app", Password: "app", Schema: "app"}, d[0].Caps)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = talk.Close() })
		return talk
	}
	say := func(talk *dialogue.Talk, text string) *dialogue.Transcript {
		t.Helper()
		said, err := talk.Say(steps(t, text)...)
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	direct, through, one, two := open(server.Addr), open(m.addr()), open(m.addr()), open(m.addr())
	for _, c := range []struct {
		text    string
		between func()
	}{
		{"prepare SELECT ?\nexecute str:x\n", func() { say(one, "query BEGIN\nquery SELECT * FROM t\n") }}, // holds that connection
		{"execute i32:7\n", func() { say(two, "query BEGIN\nquery SELECT * FROM t\n"); say(one, "query COMMIT\n") }},
		{"execute untyped i32:8\n", func() {}},
	} {
		want, got := say(direct, c.text), say(through, c.text)
		if err := dialogue.Compare(want, got, dialogue.Masks{"statement-id": "the server's own"}); err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		c.between()
	}
	if n := count(held(t, server)); n != 2+1 { // the direct one's is its own
		t.Errorf("%d connections, want 3", n)
	}
}

// A session without a default schema gets a connection that has one by a new login, which
// takes away what was prepared there.
func TestAStatementOutlivesTheLoginThatTakesASchemaAway(t *testing.T) {
	m, _ := own(t, "max: 1")
	none := session(t, driver(t, m.addr(), "app", "app", func(c *mysql.Config) { c.DBName = "" }))
	s, err := none.PrepareContext(t.Context(), "SELECT ?, IFNULL(DATABASE(), '-')")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other := session(t, app(t, m.addr()))
	for i := range 5 {
		if got := value(t, other, "SELECT DATABASE()"); got != "app" {
			t.Errorf("the other session has the schema %s", got)
		}
		var n int
		var schema string
		if err := s.QueryRowContext(t.Context(), i).Scan(&n, &schema); err != nil || n != i || schema != "-" {
			t.Fatalf("got %d %s, %v, want %d and no schema", n, schema, err, i)
		}
	}
}
