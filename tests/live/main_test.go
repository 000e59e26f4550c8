// Package live tests dbmesh while it runs: configs that change under load, filters that
// are slow or broken, backends and clients that freeze, vanish or never finish. The data
// path runs inside the test's process, where its goroutines, descriptors and allocations
// can be counted; where the process itself matters, the real command runs.
package live

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
func atScale(short, ci, full int) int {
	return [...]int{sidecar.Short: short, sidecar.CI: ci, sidecar.Full: full}[sidecar.Now()]
}
