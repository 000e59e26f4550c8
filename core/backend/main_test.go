package backend

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// shared are servers for tests that do them no harm.
var shared servers.Shared

type withServers struct{ *testing.M }

func (m withServers) Run() int { return shared.Run(m.M) }

func TestMain(m *testing.M) { goleak.VerifyTestMain(withServers{m}) }
