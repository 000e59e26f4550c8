package suites

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dbmesh/dbmesh/tests/equality/crowd"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// most is how many connections the suites' sessions share with three crowds, which makes ten
// sessions for each.
const (
	most   = 6
	crowds = 3
)

// pooledConfig knows the users that the suites log in as.
const pooledConfig = `
listeners:
  - {address: "${LISTEN}", pool: all}
pools:
  - name: all
    tls: {mode: "off"}
    health: {timeout: 10s}
    backends: [{address: "${BACKEND}"}]
    pooling: {mode: transaction, max: %d}
chains:
  - name: default
    links:
      - kind: auth
        mode: list
        users:
          - {name: crowd, password: crowdpw}
          - {name: driver, password: driver}
          - {name: root, no_password: true}
          - {name: mysqltest_pw, password: password}
          - {name: mysqltest_no_pw, no_password: true}
      - router
      - balancer
      - slow-log
`

// pooled starts dbmesh before a server, and crowds that have its connections in common with
// who comes to it.
func pooled(t *testing.T, b *servers.Backend) *sidecar.Dbmesh {
	t.Helper()
	d := sidecar.With(t, fmt.Sprintf(pooledConfig, most), "BACKEND="+b.Addr)
	for range crowds {
		crowd.Stay(t, b, d.Addr)
	}
	return d
}

func TestTheDriversOwnSuiteIsTheSameOnSharedConnections(t *testing.T) {
	notShort(t)
	s := driverSuite(t)
	// The first opens as many transactions as the server takes connections, and wants the
	// server's own words where it takes no more. The others want the server to go on with a
	// statement whose client has gone; where connections are shared dbmesh has it stopped.
	s.skip = "^(TestConcurrent|TestContextCancelExec|TestContextCancelQuery|TestContextCancelStmtExec|TestContextCancelStmtQuery)$"
	t.Run("mariadb", func(t *testing.T) {
		b := servers.MariaDB(t, servers.WithoutTLS(), servers.Flags(few)).Backend
		s.compare(t, "go-sql-driver on MariaDB", b, pooled(t, b))
	})
	t.Run("tidb", func(t *testing.T) {
		notShort(t)
		b := servers.TiDB(t, 1, servers.WithoutTLS()).Ends[0]
		s.compare(t, "go-sql-driver on TiDB", b, pooled(t, b))
	})
}

func TestMariaDBsOwnClientSuiteIsTheSameOnSharedConnections(t *testing.T) {
	notShort(t)
	c := capiSuite(t)
	c.skip = []string{
		"test_change_user",        // in mode list a refused change of user ends the session
		"test_bug31669",           // the same; directly it passes once and then fails on what it left
		"test_wl4166_3",           // wants the server to lose a warning as it prepares a statement again, which a connection with a fresh handle does not
		"test_cache_metadata",     // is not offered where sessions share connections
		"test_connect_autocommit", // sets the global variable, which the crowd notices at its resets
	}
	c.compare(t, func(b *servers.Backend) *sidecar.Dbmesh { return pooled(t, b) })
}

func TestASchemaSurvivesDumpAndRestoreOnSharedConnections(t *testing.T) {
	b := shared.MariaDB(t).Backend
	script, err := os.ReadFile(filepath.Join("testdata", "shop.sql"))
	if err != nil {
		t.Fatal(err)
	}
	dumpAndRestore(t, b, pooled(t, b), script)
}
