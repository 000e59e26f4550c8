package live

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/dbmesh/dbmesh/core"
)

// rewriter puts one text in another's place, and what links behind it see is noted by noter.
type rewriter struct{ from, to string }

func (r rewriter) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if bytes.Equal(c.SQL, []byte(r.from)) {
		c.Rewrite([]byte(r.to))
	}
	return core.Continue(), nil
}

type noter struct {
	mu   sync.Mutex
	seen []string
}

func (n *noter) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	f := c.Statement()
	tables := []string{}
	for _, t := range f.Tables {
		tables = append(tables, t.Name)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = append(n.seen, fmt.Sprintf("%v %s %v %s in %s", c.Code, f.Kind, tables, c.SQL, c.Session.Schema))
	return core.Continue(), nil
}

func (n *noter) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer func() { n.seen = nil }()
	return n.seen
}

func rewriteMesh(t *testing.T, n *noter, from, to string) *mesh {
	t.Helper()
	kinds := core.Registry{}
	for name, f := range map[string]core.Filter{"rewriter": rewriter{from, to}, "noter": n} {
		kinds[name] = core.Kind{New: func(_ string, decode core.Decode) (core.Filter, error) { return f, decode(&struct{}{}) }}
	}
	return startMesh(t, parts{kinds: kinds, loops: 1},
		before(shared.MariaDB(t).Backend, usualLinks+"{kind: rewriter}\n{kind: noter}").text())
}

func (n *noter) wants(t *testing.T, want ...string) {
	t.Helper()
	if got := n.take(); !slices.Equal(got, want) {
		t.Errorf("links behind saw\n%q, want\n%q", got, want)
	}
}

func TestAnExecuteHasTheFactsOfWhatItsPrepareWasMadeInto(t *testing.T) {
	n := &noter{}
	m := rewriteMesh(t, n, "SELECT * FROM nowhere WHERE a = ?", "SELECT CAST(? AS CHAR), CAST(? AS CHAR) FROM information_schema.schemata LIMIT 1")
	r := dialRaw(t, m.addr(), "app", "app")
	f, err := r.do(core.Prepare, []byte("SELECT * FROM nowhere WHERE a = ?"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Params != 2 {
		t.Fatalf("%d parameters, want the rewritten text's 2", f.Params)
	}
	got, err := r.echo(bind(f.StatementID, true, param{kind: 1, data: "\x01"}, param{kind: 1, data: "\x02"}), 2)
	if err != nil || got[0] != "1" || got[1] != "2" {
		t.Fatalf("%q, %v", got, err)
	}
	text := "select [schemata] SELECT CAST(? AS CHAR), CAST(? AS CHAR) FROM information_schema.schemata LIMIT 1 in app"
	n.wants(t, "prepare "+text, "execute "+text)
}

func TestTheSchemaOfAnInitDBMayBeRewritten(t *testing.T) {
	n := &noter{}
	m := rewriteMesh(t, n, "elsewhere", "information_schema")
	r := dialRaw(t, m.addr(), "app", "app")
	if _, err := r.do(core.InitDB, []byte("elsewhere")); err != nil {
		t.Fatal(err)
	}
	if f, err := r.do(core.Query, []byte("SELECT 1 FROM schemata LIMIT 1")); err != nil || f.Rows != 1 {
		t.Fatalf("%+v, %v", f, err)
	}
	n.wants(t, "init_db empty [] information_schema in app", "query select [schemata] SELECT 1 FROM schemata LIMIT 1 in information_schema")
}
