// Package login tests logging in: real clients, real servers, the real command between
// them. What only a server has that can't be had (plain RSA with caching_sha2_password) is
// shown on fakes, in files whose names say so.
package login

import (
	"os"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
)

var shared servers.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// eachServer runs the test against one server of each sort.
func eachServer(t *testing.T, test func(*testing.T, *servers.Backend)) {
	t.Run("mariadb", func(t *testing.T) { test(t, shared.MariaDB(t).Backend) })
	t.Run("tidb", func(t *testing.T) { test(t, shared.TiDB(t).Ends[0]) })
}

// hop is whether a connection is encrypted.
type hop string

const (
	plain     hop = "plain"
	encrypted hop = "tls"
)

var hops = []hop{plain, encrypted}

// mode is the pool's tls.mode that gives the hop.
func (h hop) mode() string {
	if h == plain {
		return "off"
	}
	return "verify"
}

// ca makes the client use TLS, or not.
func (h hop) ca(b *servers.Backend) string {
	if h == plain {
		return ""
	}
	return b.TLS.CA
}
