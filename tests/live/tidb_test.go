package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// TiDB knows KILL in three spellings; all take the id that the client saw.
func TestKILLOnTiDBTakesTheIdThatTheClientSaw(t *testing.T) {
	end := shared.TiDB(t).Ends[0]
	m := startMesh(t, parts{}, before(end, usualLinks).text())
	killer := dialRaw(t, m.addr(), "root", "")
	for _, kill := range []string{"KILL QUERY %d", "KILL TIDB QUERY %d", "KILL TIDB %d", "KILL CONNECTION %d"} {
		victim := dialRaw(t, m.addr(), "app", "app")
		if err := victim.send(core.Query, []byte(fmt.Sprintf("SELECT SLEEP(30) /* of %d */", victim.ID))); err != nil {
			t.Fatal(err)
		}
		until(t, patience, "the statement sleeps", func() bool {
			return end.Value(t, fmt.Sprintf("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%%SLEEP(30) /* of %d %%' AND info NOT LIKE '%%processlist%%'", victim.ID)) != "0"
		})
		ended := make(chan error, 1)
		go func() { _, err := victim.response(core.Query); ended <- err }()
		if err := killer.query(fmt.Sprintf(kill, victim.ID)); err != nil {
			t.Errorf("%s: %v", kill, err)
			continue
		}
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			t.Errorf("%s: the statement still runs", kill)
		}
	}
}
