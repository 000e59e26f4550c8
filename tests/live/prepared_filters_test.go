package live

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// sharedWith is dbmesh with a filter before a server, with two connections for all sessions.
func sharedWith(t *testing.T, server *servers.Backend, name string, k core.Kind) *mesh {
	t.Helper()
	s := sharing(server, "max: 2, queue_timeout: 5s")
	s.links += "{kind: " + name + "}\n"
	return startMesh(t, parts{kinds: core.Registry{name: k}}, s.text())
}

func TestMasksFollowAStatementToAnotherConnection(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		bothWays(t, func(t *testing.T, slow bool) {
			m := sharedWith(t, server, "masking", maskingKind(&masking{}, slow))
			r := dialRaw(t, m.addr(), "app", "app")
			masked := r.prepares(t, "SELECT 'secret' AS keep_s, ? AS n")
			denied := r.prepares(t, "SELECT 'secret' AS denied_s, ? AS n")
			look := func() {
				t.Helper()
				n := param{kind: 3, data: le(4, 7)}
				if got := r.reply(t, core.Execute, bind(masked, true, n)); has(got, "secret") || !has(got, "se***t") {
					t.Errorf("executed %q", got)
				}
				if e := lastErr(t, r.reply(t, core.Execute, bind(denied, true, n))); e == nil {
					t.Error("not denied")
				}
				open := bind(masked, false, n)
				open[4] = 1
				if got := r.reply(t, core.Execute, open); lastErr(t, got) != nil {
					t.Fatal(lastErr(t, got))
				}
				if got := r.reply(t, core.Fetch, fetch(masked, 9)); has(got, "secret") || !has(got, "se***t") {
					t.Errorf("fetched %q", got)
				}
			}
			look()
			back := r.moved(t, m)
			look()
			look()
			back()
			look()
		})
	})
}

func TestFiltersReadParametersOnSharedConnections(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		p := &perusal{reads: true}
		m := sharedWith(t, server, "perusal", p.kind())
		r := dialRaw(t, m.addr(), "app", "app")
		id := r.prepareEcho(t, 1)
		minus, plus := param{kind: 1, data: "\xff"}, param{kind: 1, flags: 0x80, data: "\xff"}
		p.take()
		r.sees(t, p, bind(id, true, minus), "-1", "int -1")
		other := dialRaw(t, m.addr(), "app", "app")
		other.sees(t, p, bind(other.prepareEcho(t, 1), true, plus), "255", "uint 255")
		r.sees(t, p, bind(id, false, minus), "-1", "int -1")
		back := r.moved(t, m)
		p.take()
		r.sees(t, p, bind(id, false, minus), "-1", "int -1")
		r.sees(t, p, bind(id, false, param{null: true}), "NULL", "null ")
		r.piece(t, id, 0, "in ")
		r.piece(t, id, 0, "pieces")
		r.sees(t, p, bind(id, true, param{kind: 252, pieces: true}), "in pieces", "unknown ")
		back()
		r.sees(t, p, bind(id, true, plus), "255", "uint 255")
	})
}

// What is prepared again is what was sent the first time: the text of a filter, and the
// session's own id.
func TestARewrittenStatementIsPreparedAgainAsItWasSent(t *testing.T) {
	server := shared.MariaDB(t).Backend
	kind := core.Kind{New: func(_ string, decode core.Decode) (core.Filter, error) {
		return rewriter{"SELECT 'a'", "SELECT 'rewritten'"}, decode(&struct{}{})
	}}
	m := sharedWith(t, server, "rewriter", kind)
	a, b := dialRaw(t, m.addr(), "app", "app"), dialRaw(t, m.addr(), "app", "app")
	var ids []uint32
	for _, r := range []*raw{a, b} {
		ids = append(ids, r.prepares(t, "SELECT 'a'"), r.prepares(t, "SELECT CONNECTION_ID()"))
	}
	if !slices.Equal(ids, []uint32{1, 2, 1, 2}) {
		t.Fatalf("ids %v", ids)
	}
	look := func(r *raw) {
		t.Helper()
		r.gives(t, execute(1), "rewritten")
		got := r.reply(t, core.Execute, execute(2))
		if lastErr(t, got) != nil || !has(got, le(4, uint64(r.ID))) {
			t.Errorf("session %d is told %q", r.ID, got)
		}
	}
	for range 2 {
		look(a)
		look(b)
		back := a.moved(t, m)
		look(a)
		look(b)
		back()
	}
}

// turns sends every second execute to the other pool.
type turns struct{ n int }

func (*turns) SwitchesPools() bool { return true }

func (x *turns) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if c.Code == core.Execute {
		if x.n++; x.n%2 == 0 {
			c.Pool = "other"
		}
	}
	return core.Continue(), nil
}

// The statements of one session are sent to whatever pool the links choose.
func TestAPreparedStatementRunsInTheChosenPool(t *testing.T) {
	one, two := shared.MariaDB(t).Backend, servers.MariaDB(t).Backend
	s := sharing(one, "max: 1")
	s.pools = map[string]string{"other": two.Addr}
	kind := core.Kind{New: func(_ string, decode core.Decode) (core.Filter, error) { return &turns{}, decode(&struct{}{}) }}
	s.links = "{kind: router}\n{kind: turns}\n{kind: balancer}\n"
	m := startMesh(t, parts{kinds: core.Registry{"turns": kind}}, s.text())
	r := dialRaw(t, m.addr(), "app", "app")
	id := r.prepares(t, "SELECT CONCAT(@@port, ?)")
	for i := range 6 {
		want := []int{one.Port, two.Port}[i%2]
		r.gives(t, bind(id, i == 0, param{kind: 253, data: block("!")}), fmt.Sprint(want, "!"))
	}
}
