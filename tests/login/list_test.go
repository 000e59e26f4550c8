package login

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// listConfig is mode list. Its users are put in for each test.
const listConfig = `
listeners:
  - address: ${LISTEN}
    tls: {cert: "${CERT}", key: "${KEY}"}
pools:
  - name: backends
    backends:
      - {name: server, address: "${BACKEND}"}
    tls: {mode: "${MODE}", ca: "${CA}"}
    health: {interval: 10s, timeout: 10s} # a slow machine is no result
chains:
  - name: default
    links:
      - kind: auth
        mode: list
        users:
%s
      - router
      - balancer
      - slow-log
`

// The passwords of dbmesh's own accounts on the servers: clients do not know them.
const backendPassword = "only dbmesh knows"

// way is one sort of listed user: how the client proves itself, how dbmesh does.
type way struct {
	account string // as the table has it
	user    string // keys of the user in the config
	plugin  string // of the account on the server
}

func ways(b *servers.Backend) []way {
	hash := "*" + strings.ToUpper(hex.EncodeToString(wire.NativeHash(password)))
	all := []way{
		{"native to native", "password: '" + password + "'", servers.Native},
		{"sha2 to native", "password: '" + password + "', plugin: caching_sha2_password", servers.Native},
		{"sha2 by native hash to native", "password: '" + hash + "', plugin: caching_sha2_password", servers.Native},
	}
	if b.Flavour == servers.FlavourMariaDB {
		return append(all, way{"native to ed25519", "password: '" + password + "'", servers.Ed25519})
	}
	return append(all, way{"native to sha2", "password: '" + password + "'", servers.CachingSHA2})
}

// name is the user of one cell: cells must not warm one another up.
func (w way) name(c client, h hop) string {
	return strings.ReplaceAll(w.account+" "+c.name()+" "+string(h), " ", "_")
}

func list(t *testing.T, b *servers.Backend, h hop, users []string) *sidecar.Dbmesh {
	t.Helper()
	return with(t, listConfig, b, h, users)
}

// with starts dbmesh with the users put into a config.
func with(t *testing.T, config string, b *servers.Backend, h hop, users []string) *sidecar.Dbmesh {
	t.Helper()
	users = slices.Clone(users)
	ca := b.TLS.CA
	if h == plain {
		ca = ""
	}
	for i := range users {
		users[i] = "          - " + users[i]
	}
	return sidecar.With(t, fmt.Sprintf(config, strings.Join(users, "\n")),
		"CERT="+b.TLS.ServerCert, "KEY="+b.TLS.ServerKey, "BACKEND="+b.Addr, "MODE="+h.mode(), "CA="+ca)
}

// TestListIsAsExpected is the matrix in mode list. "cold" is the user's first login since
// dbmesh started.
func TestListIsAsExpected(t *testing.T) { listMatrix(t, list) }

// starter starts dbmesh in mode list before a server.
type starter func(*testing.T, *servers.Backend, hop, []string) *sidecar.Dbmesh

func listMatrix(t *testing.T, start starter) {
	table := newTable("list", "server", "account", "client hop", "backend hop", "client", "cold", "warm", "wrong")
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		clients := allClients(t)
		var users []string
		for _, w := range ways(b) {
			mapped := "mapped_" + w.plugin
			b.Create(t, servers.Account{Name: mapped, Password: backendPassword, Plugin: w.plugin})
			for _, c := range clients {
				for _, h := range hops {
					users = append(users, fmt.Sprintf("{name: %q, %s, backend: {user: %q, password: %q}}",
						w.name(c, h), w.user, mapped, backendPassword))
				}
			}
		}
		for _, back := range hops {
			d := start(t, b, back, users)
			for _, w := range ways(b) {
				for _, c := range clients {
					table.tried(string(b.Flavour), c.name())
					for _, h := range hops {
						got := logins(t, c, attempt{User: w.name(c, h), Password: password, CA: h.ca(b), Port: d.Port})
						table.add(string(b.Flavour), w.account, string(h), string(back), c.name(),
							listed(t, w, got["cold"]), listed(t, w, got["warm"]), listed(t, w, got["wrong"]))
					}
				}
			}
		}
	})
	table.compare(t)
}

// listed shortens a result for the table. Who logged in is the account that the user is
// mapped to, or the mapping is broken.
func listed(t *testing.T, w way, r result) string {
	t.Helper()
	if want := "mapped_" + w.plugin + "@%"; r.ok() && r.Rows[0][0] != want {
		t.Errorf("%s: logged in as %s, want %s", w.account, r.Rows[0][0], want)
	}
	text := short(r)
	if at := strings.Index(text, "for user '"); at >= 0 {
		rest := text[at+len("for user '"):]
		text = text[:at] + "for user 'USER" + rest[strings.Index(rest, "'"):]
	}
	return text
}
