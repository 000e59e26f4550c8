// Package servers starts real database servers for tests and benchmarks: a
// MariaDB, a MariaDB primary with GTID replicas, and several TiDB front ends over
// one store. Every server listens on 127.0.0.1 on a port of its own, keeps its
// files in a temporary folder, and dies with the process that started it.
//
// MariaDB, Cluster and TiDB are for tests: a server that is not installed skips
// the test with a sentence, or fails it if DBMESH_REQUIRE_SERVERS is 1. In the
// short run, TiDB always skips.
// StartMariaDB, StartCluster and StartTiDB are the same for other programs.
package servers

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// RequireVariable names the environment variable that, set to 1, turns a missing
// server from a skipped test into a failed one.
const RequireVariable = "DBMESH_REQUIRE_SERVERS"

// ScaleVariable names the environment variable that says how much is tested: short
// (make test), ci (make test-ci) or full. TiDB has no place in the short run.
const ScaleVariable = "DBMESH_TEST_SCALE"

var errShort = errors.New("TiDB is left out of the short run; make test-ci has it")

// MissingError says that a server's program is not on this machine and how to get it.
type MissingError struct {
	Program string
	Remedy  string
}

// Error is one sentence that a skipped test shows.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not on this machine, so what needs it is left out; get it with: %s", e.Program, e.Remedy)
}

// MariaDB starts one MariaDB server that ends with the test.
func MariaDB(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return ending(t, func() (*Server, error) { return StartMariaDB(opts...) })
}

// Cluster starts a MariaDB primary and n replicas that end with the test.
func Cluster(t testing.TB, n int, opts ...Option) *Replication {
	t.Helper()
	return ending(t, func() (*Replication, error) { return StartCluster(n, opts...) })
}

// TiDB starts n TiDB front ends over one store that end with the test.
func TiDB(t testing.TB, n int, opts ...Option) *Pool {
	t.Helper()
	return ending(t, func() (*Pool, error) { return StartTiDB(n, opts...) })
}

type closer interface{ Close() error }

func ending[T closer](t testing.TB, start func() (T, error)) T {
	t.Helper()
	started, err := start()
	if err != nil {
		refuse(t, err)
	}
	t.Cleanup(func() {
		if err := started.Close(); err != nil {
			t.Errorf("close a server: %v", err)
		}
	})
	return started
}

func refuse(t testing.TB, err error) {
	t.Helper()
	var missing *MissingError
	if errors.As(err, &missing) && os.Getenv(RequireVariable) != "1" {
		t.Skip(missing.Error())
	}
	if errors.Is(err, errShort) {
		t.Skip(err)
	}
	t.Fatal(err)
}
