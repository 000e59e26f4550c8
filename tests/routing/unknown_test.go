package routing

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// pieces are what mutations put into texts.
func pieces() []string {
	return []string{
		"'", "\"", "`", "\\", "/*", "*/", "/*!", "/*!50000", "/*!100100", "/*M!", "/*+", "-- ", "#", "\n", " ", "@", "@@", ":=",
		".", ",", ";", "(", ")", "0x", "x'", "1e", ".5", "\\N", "{", "}", "?", "$", "||", "FOR UPDATE", "INTO", " SELECT ", " DELETE ",
		" INSERT ", " BEGIN ", " END ", " DO ", " SET ", "WITH", "INTO @x", "LOCK IN SHARE MODE", "counts(1)", "NEXTVAL(s)", "DELIMITER",
		"RETURNING", "PROCEDURE", "OVER", "AS", "NULL", "1",
	}
}

// mutants gives texts of the corpus with some bytes cut out and pieces put in. All have
// ASCII letters alone, so that servers log them as they are.
func mutants(seeds []string, rng *rand.Rand) string {
	parts := pieces()
	text := []byte(seeds[rng.IntN(len(seeds))])
	for range 1 + rng.IntN(3) {
		at := rng.IntN(len(text) + 1)
		if rng.IntN(3) == 0 {
			text = slices.Delete(text, at, min(len(text), at+rng.IntN(6)))
		} else {
			text = slices.Insert(text, at, []byte(parts[rng.IntN(len(parts))])...)
		}
	}
	return string(text)
}

func seeds(t *testing.T) []string {
	var all []string
	for _, f := range corpus(t) {
		for _, g := range f.groups {
			for _, e := range g {
				ascii := !slices.ContainsFunc([]byte(e.sql), func(c byte) bool { return c >= 0x7f || c < ' ' })
				if ascii && e.sql != "" && e.text != own && e.text != refused && !hinted.MatchString(e.sql) {
					all = append(all, e.sql)
				}
			}
		}
	}
	return all
}

// unknowns is how a test sends mutants.
type unknowns struct {
	mode   stmt.Mode
	db     *sql.DB
	rng    *rand.Rand
	seeds  []string
	next   int
	safe   map[int]string // read-safe: these may go to the replica
	unsafe map[int]string
	opaque map[int]string
}

func TestWhatIsNotUnderstoodGoesToThePrimaryFromSessionsOfTheirOwn(t *testing.T) { unknown(t, alone) }

func TestWhatIsNotUnderstoodGoesToThePrimaryOnSharedConnections(t *testing.T) { unknown(t, shared) }

func unknown(t *testing.T, mode pooling) {
	n := start(t)
	for _, node := range n.Nodes {
		node.SQL(t, "SET GLOBAL max_statement_time = 2, lock_wait_timeout = 1, innodb_lock_wait_timeout = 1")
	}
	d := n.mesh(t, mode, "hints: true")
	d.Complains = true
	m := stmt.ServerMode(n.Primary().Value(t, "SELECT VERSION()"))
	m.Charset = stmt.CharsetUTF8
	u := &unknowns{
		mode: m, db: driver(t, d.Addr), rng: rand.New(rand.NewPCG(5, 6)), seeds: seeds(t),
		safe: map[int]string{}, unsafe: map[int]string{}, opaque: map[int]string{},
	}
	count := [...]int{sidecar.Short: 1500, sidecar.CI: 10_000, sidecar.Full: 100_000}[sidecar.Now()]
	for range count {
		u.one(t)
	}
	seen := n.sights(t)
	u.judge(t, seen)
	n.unharmed(t)
}

// one sends a mutant, in a session of its own: as text or prepared, one that is not
// understood with a hint too.
func (u *unknowns) one(t *testing.T) {
	t.Helper()
	text := mutants(u.seeds, u.rng)
	u.next++
	f := stmt.Analyze(u.mode, []byte(marked(text, u.next)))
	kept := u.unsafe
	switch {
	case f.Opaque:
		kept = u.opaque
		if u.rng.IntN(3) == 0 {
			text = "/* dbmesh:pool=readers */" + text
		}
	case safe(f):
		kept = u.safe
	}
	text = marked(text, u.next)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := u.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if u.rng.IntN(3) == 0 {
		_, err = execute(ctx, c, text, nil)
	} else {
		err = query(ctx, c, text)
	}
	if err != nil && strings.Contains(err.Error(), "--read-only") {
		t.Errorf("the replica was asked to write: %q", text)
	}
	kept[u.next] = text
}

func safe(f *core.Facts) bool {
	for _, part := range f.Statements() {
		if !part.ReadSafe {
			return false
		}
	}
	return true
}

// judge fails if the replica has seen what is not proved to be safe, and if it has seen so
// little of the rest, or the primary of the others, that nothing is shown.
func (u *unknowns) judge(t *testing.T, seen map[int]sight) {
	t.Helper()
	shown := map[target]int{}
	for what, texts := range map[string]map[int]string{"not understood": u.opaque, "not read-safe": u.unsafe} {
		for id, text := range texts {
			if seen[id].sent[replica] {
				t.Errorf("the replica got what is %s: %q", what, text)
			}
			if seen[id].sent[primary] && what == "not understood" {
				shown[primary]++
			}
		}
	}
	for id := range u.safe {
		if seen[id].sent[replica] {
			shown[replica]++
		}
	}
	t.Logf("%d not understood, %d not read-safe, %d read-safe; seen %v", len(u.opaque), len(u.unsafe), len(u.safe), shown)
	if shown[primary] < u.next/4 || shown[replica] < u.next/50 {
		t.Errorf("too few to show anything")
	}
}
