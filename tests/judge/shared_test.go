package judge

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// TestSessionsShareConnectionsBehindStatementsThatAreProvedTraceless has many sessions run
// statements that dbmesh does not understand on two connections. Each must know its own last
// insert id, and find its user variable NULL.
func TestSessionsShareConnectionsBehindStatementsThatAreProvedTraceless(t *testing.T) {
	c := newCourt(t, servers.Cluster(t, 0).Primary().Backend)
	d := sidecar.With(t, "listeners:\n  - {address: \"${LISTEN}\"}\n"+
		"pools:\n  - {name: main, tls: {mode: \"off\"}, pooling: {mode: transaction, max: 2}, backends: [{address: \""+c.Addr+"\"}]}\n"+
		"chains:\n  - name: default\n    links:\n      - {kind: auth, mode: list, users: [{name: "+user+", password: "+userPassword+"}]}\n"+
		"      - {kind: router}\n      - {kind: balancer}\n")
	b := *c.Backend
	b.Addr = d.Addr
	sessions, last := make([]*link, 8), [8]string{}
	for i := range sessions {
		l, err := dial(&b, user, userPassword, schema)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.close() })
		sessions[i], last[i] = l, "0"
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range scale(400, 4000, 40_000) {
		i := r.IntN(len(sessions))
		switch l := sessions[i]; r.IntN(5) {
		case 0:
			row := l.must(t, fmt.Sprintf("INSERT INTO t (a) VALUES (%d) RETURNING id, (SELECT 1)", i))
			last[i] = row[0]
		case 1:
			l.must(t, "SELECT CAST(COUNT(*) AS INT) FROM t")
		case 2:
			if row := l.must(t, "SELECT CAST(LAST_INSERT_ID() AS INT), CAST(1 AS INT)"); row[0] != last[i] {
				t.Fatalf("session %d has the last id %s, want %s", i, row[0], last[i])
			}
		case 3:
			if row := l.must(t, "SELECT LAST_INSERT_ID()"); row[0] != last[i] {
				t.Fatalf("session %d has the last id %s, want %s", i, row[0], last[i])
			}
		default:
			if _, err := l.run(fmt.Sprintf("UPDATE t SET b = CAST(a AS INT) + %d WHERE id = 1", r.IntN(1000))); err != nil {
				t.Fatal(err)
			}
			l.must(t, "SELECT CAST(a AS INT) FROM t WHERE id = 1 FOR UPDATE")
		}
	}
	open := c.root.must(t, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = '"+user+"'")
	if open[0] != "1" && open[0] != "2" {
		t.Errorf("%s connections to the server", open[0])
	}
}

// must gives the one row of a text that the server must answer.
func (l *link) must(t *testing.T, text string) []string {
	t.Helper()
	row, err := l.row(text)
	if err != nil {
		t.Fatal(err)
	}
	return row
}
