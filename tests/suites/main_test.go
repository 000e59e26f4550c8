// Package suites runs client suites that exist in the field against a server directly and
// through dbmesh, and demands the same names with the same results, skips included.
package suites

import (
	"os"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
)

var shared servers.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }
