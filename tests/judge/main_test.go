// Package judge lets real servers judge what core/stmt says: what it calls read-safe is run
// on read-only servers as an ordinary user and may change nothing there, what changes
// something on a primary must not be called read-safe, and its digests are TiDB's own.
package judge

import (
	"os"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/stmt/stmttest"
	"github.com/dbmesh/dbmesh/tests/servers"
)

const corpusDir = "../../core/stmt/testdata/corpus"

var shared servers.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// judgement is stmt.Analyze, or what a control puts in its place.
type judgement func(stmt.Mode, []byte) *core.Facts

func corpus(t *testing.T) []stmttest.Entry {
	t.Helper()
	entries, err := stmttest.Load(corpusDir)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// scale gives the first value in the short run, the second in that of CI, else the third.
func scale(short, ci, full int) int {
	switch os.Getenv(servers.ScaleVariable) {
	case "ci":
		return ci
	case "full":
		return full
	}
	return short
}
