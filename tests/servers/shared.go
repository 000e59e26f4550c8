package servers

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Shared starts servers for all tests of one package, each at the first test that
// asks for it: a start costs one to three seconds. Tests that share a server must
// not crash, freeze or reconfigure it, and use names of their own in it. Its zero
// value is ready:
//
//	var shared servers.Shared
//
//	func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }
type Shared struct {
	mariadb once[*Server]
	cluster once[*Replication]
	tidb    once[*Pool]
}

// The sizes of the shared cluster and pool.
const (
	SharedReplicas = 2
	SharedEnds     = 2
)

// Run runs the package's tests and then closes what they started. It gives the
// exit code, which is not 0 if a close failed.
func (s *Shared) Run(m *testing.M) int {
	code := m.Run()
	if err := errors.Join(s.mariadb.close(), s.cluster.close(), s.tidb.close()); err != nil {
		fmt.Fprintln(os.Stderr, "close shared servers:", err)
		return max(code, 1)
	}
	return code
}

// MariaDB gives the package's one MariaDB.
func (s *Shared) MariaDB(t testing.TB) *Server {
	t.Helper()
	return s.mariadb.get(t, func() (*Server, error) { return StartMariaDB() })
}

// Cluster gives the package's one primary with two replicas.
func (s *Shared) Cluster(t testing.TB) *Replication {
	t.Helper()
	return s.cluster.get(t, func() (*Replication, error) { return StartCluster(SharedReplicas) })
}

// TiDB gives the package's one pool of two TiDB front ends.
func (s *Shared) TiDB(t testing.TB) *Pool {
	t.Helper()
	return s.tidb.get(t, func() (*Pool, error) { return StartTiDB(SharedEnds) })
}

// once is a server that is started at most once; a failed start is remembered,
// so that each test reports it without waiting for it again.
type once[T closer] struct {
	start   sync.Once
	started bool
	value   T
	err     error
}

func (o *once[T]) get(t testing.TB, start func() (T, error)) T {
	t.Helper()
	o.start.Do(func() {
		o.value, o.err = start()
		o.started = o.err == nil
	})
	if o.err != nil {
		refuse(t, o.err)
	}
	return o.value
}

func (o *once[T]) close() error {
	if !o.started {
		return nil
	}
	return o.value.Close()
}
