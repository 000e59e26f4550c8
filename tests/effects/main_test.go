// Package effects shows on real servers that statements leave behind on their connection
// what core/stmt's table of causes says, and that the state goes as the table says.
package effects

import (
	"os"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// shared are servers for all tests; each works on connections of its own.
var shared servers.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }
