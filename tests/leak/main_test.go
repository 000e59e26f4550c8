// Package leak looks for session state that gets from one session to another, or gets lost:
// many sessions on few backend connections set all that a session can set, ask for it
// again and again, and compare each answer with what they set themselves. Meanwhile
// statements and connections are killed, clients vanish, configs change and servers start
// anew. To show that the search would find something, dbmesh is also built with defects
// that can be switched on one at a time; each must be found.
package leak

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// shared are servers for tests that do them no harm.
var shared servers.Shared

type withServers struct{ *testing.M }

func (m withServers) Run() int { return shared.Run(m.M) }

func TestMain(m *testing.M) { goleak.VerifyTestMain(withServers{m}) }

// atScale picks a figure by how much this run shall test.
func atScale[T any](short, ci, full T) T {
	return [...]T{sidecar.Short: short, sidecar.CI: ci, sidecar.Full: full}[sidecar.Now()]
}
