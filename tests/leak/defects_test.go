package leak

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// foundWithin is how long the search for one seeded defect may take.
const foundWithin = 3 * time.Minute

// The compiler must leave nothing of the defects in a program that is built as releases are.
func TestAProgramWithoutTheTagHasNoDefects(t *testing.T) {
	for tag, want := range map[string]bool{"": false, "defects": true} {
		if want && sidecar.Now() == sidecar.Short {
			continue // to build so much once more takes longer than the short run has
		}
		path, err := sidecar.Build(tag)
		if err != nil {
			t.Fatal(err)
		}
		program, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range append(defect.All(), defect.Variable) {
			if got := bytes.Contains(program, []byte(d)); got != want {
				t.Errorf("built with tag %q: %q is there: %v", tag, d, got)
			}
		}
	}
}

// A search that finds nothing says something only if it would find what it looks for.
func TestEachSeededDefectIsFound(t *testing.T) {
	few := []defect.Defect{defect.BaseNotRestored, defect.UserVariableNoPin, defect.WrongStatementID}
	if sidecar.Now() == sidecar.Short {
		t.Skip("seeded defects take longer than the short run has; make test-ci looks for three and make test-full for all")
	}
	program, err := sidecar.Build("defects")
	if err != nil {
		t.Fatal(err)
	}
	server := servers.MariaDB(t)
	for _, d := range atScale(nil, few, defect.All()) {
		t.Run(string(d), func(t *testing.T) { find(t, program, server.Backend, d) })
	}
}

func find(t *testing.T, program string, server *servers.Backend, d defect.Defect) {
	server.Create(t, servers.Account{Name: "control", Password: "control", Grant: "ALL ON *.*"})
	mesh := sidecar.Running(t, program, usual(server, "transaction").text(), defect.Variable+"="+string(d))
	mesh.Complains = true // of what the defect does to it
	w := newWorld(t, server, mesh.Addr, endless)
	w.share("transaction")
	w.limit = 0                      // a defect may cost connections, which is not what it is looked for by
	if d == defect.ReusedAfterKill { // it shows only if a KILL comes late
		w.assassins = 4
	}
	calm := shaker{every: time.Second, calm: time.Hour}
	shaken(t, w, calm, foundWithin)
	w.report(t)
	if w.checks.Load() == 0 || time.Since(w.began) >= foundWithin {
		t.Fatalf("not found: %v", w.failure)
	}
	t.Logf("found after %v and %d checks: %v", time.Since(w.began).Round(time.Millisecond), w.checks.Load(), w.failure)
}

// endless is more checks than there is time for.
const endless = 1 << 40
