package login

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/equality/crowd"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// pooledConfig is listConfig with connections that sessions share, of which there are two.
var pooledConfig = strings.Replace(listConfig, "    health:", "    pooling: {mode: transaction, max: 2}\n    health:", 1)

// sharing lets a crowd in beside the test's own users: it changes the accounts of connections
// and the state on them all the time.
func sharing(t *testing.T, b *servers.Backend, h hop, users []string) *sidecar.Dbmesh {
	t.Helper()
	d := with(t, pooledConfig, b, h, append(slices.Clone(users), fmt.Sprintf("{name: %s, password: %s}", crowd.User, crowd.Password)))
	crowd.Stay(t, b, d.Addr)
	return d
}

// TestListIsAsExpectedOnSharedConnections wants the same as TestListIsAsExpected.
func TestListIsAsExpectedOnSharedConnections(t *testing.T) {
	listMatrix(t, sharing)
}

// TestChangeUserOnSharedConnectionsMapsTheNewUser wants the same as
// TestChangeUserInListModeMapsTheNewUser.
func TestChangeUserOnSharedConnectionsMapsTheNewUser(t *testing.T) {
	changeUserInListMode(t, sharing)
}

// TestSpecialLoginsAreTheSameOnSharedConnections has dbmesh log in by itself, each session
// for itself or as it needs a connection: clients see no difference.
func TestSpecialLoginsAreTheSameOnSharedConnections(t *testing.T) {
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		var users []string
		all := slices.DeleteFunc(specials(), func(s special) bool { return !listable(s, b) })
		all = slices.CompactFunc(all, func(s, next special) bool { return s.user == next.user })
		for _, s := range all {
			account := fmt.Sprintf("'%s'@'%%'", s.user)
			b.SQL(t, "DROP USER IF EXISTS "+account+"; "+strings.ReplaceAll(s.create, "%s", account))
			users = append(users, fmt.Sprintf("{name: %q, password: %q}", s.user, s.pass))
		}
		apart, together := list(t, b, plain, users), sharing(t, b, plain, users)
		for _, s := range all {
			for _, c := range allClients(t) {
				at := attempt{User: s.user, Password: s.pass, Schema: s.schema, Port: apart.Port}
				want := try(t, c, at)
				at.Port = together.Port
				if got := try(t, c, at); got.String() != want.String() {
					t.Errorf("%s, %s:\n   one connection each: %s\nshared connections: %s", s.title, c.name(), want, got)
				}
			}
		}
	})
}

// listable says whether a user of the list can be like this.
func listable(s special, b *servers.Backend) bool {
	return (s.only == "" || s.only == b.Flavour) && strings.HasPrefix(s.create, "CREATE USER %s IDENTIFIED BY '"+s.pass+"'") &&
		len(s.user) < 33 && !strings.ContainsAny(s.user, `'\`) && s.pass != ""
}
