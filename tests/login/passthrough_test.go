package login

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// passthroughConfig is the shortest config with TLS on both sides.
const passthroughConfig = `
listeners:
  - address: ${LISTEN}
    tls: {cert: "${CERT}", key: "${KEY}"}
pools:
  - name: backends
    backends:
      - {name: server, address: "${BACKEND}"}
    tls: {mode: "${MODE}", ca: "${CA}"}
    health: {interval: 10s, timeout: 10s} # a slow machine is no result
`

func passthrough(t *testing.T, b *servers.Backend, h hop) *sidecar.Dbmesh {
	t.Helper()
	ca := b.TLS.CA
	if h == plain {
		ca = ""
	}
	return sidecar.With(t, passthroughConfig,
		"CERT="+b.TLS.ServerCert, "KEY="+b.TLS.ServerKey, "BACKEND="+b.Addr, "MODE="+h.mode(), "CA="+ca)
}

var plugins = []string{servers.Native, servers.CachingSHA2, servers.Ed25519}

// account makes one anew. A server without the plugin says so; its logins are then those
// of a name that it does not know.
func account(t *testing.T, b *servers.Backend, name, password, plugin string) (made bool) {
	t.Helper()
	if plugin == servers.CachingSHA2 && b.Flavour == servers.FlavourMariaDB ||
		plugin == servers.Ed25519 && b.Flavour == servers.FlavourTiDB {
		refuses(t, b, plugin)
		b.SQL(t, "DROP USER IF EXISTS ?@'%'", name)
		return false
	}
	b.Create(t, servers.Account{Name: name, Password: password, Plugin: plugin})
	return true
}

// refuses checks that a cell without an account is the server's doing.
func refuses(t *testing.T, b *servers.Backend, plugin string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	statement := "CREATE USER no_such_plugin@'%' IDENTIFIED WITH " + plugin
	if _, err := b.Query(ctx, statement); err == nil {
		t.Fatalf("%s has %s after all: the matrix must have its accounts", b.Flavour, plugin)
	}
}

const password = "right password"

// logins are the attempts of one cell, in their order.
func logins(t *testing.T, c client, at attempt) map[string]result {
	t.Helper()
	wrong := at
	wrong.Password = "not " + at.Password
	return map[string]result{"cold": try(t, c, at), "warm": try(t, c, at), "wrong": try(t, c, wrong)}
}

// TestPassthroughIsAsDirect is the matrix in passthrough. Every account is made right
// before its first login through dbmesh, so dbmesh cannot know it from anywhere.
func TestPassthroughIsAsDirect(t *testing.T) {
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		clients := allClients(t)
		for _, h := range hops {
			d := passthrough(t, b, h)
			for _, plugin := range plugins {
				for _, c := range clients {
					t.Run(fmt.Sprintf("%s/%s/%s", h, plugin, c.name()), func(t *testing.T) {
						equalLogins(t, b, d, c, h, plugin)
					})
				}
			}
		}
	})
}

func equalLogins(t *testing.T, b *servers.Backend, d *sidecar.Dbmesh, c client, h hop, plugin string) {
	at := attempt{User: "matrix", Password: password, Schema: servers.Schema, CA: h.ca(b), Port: b.Port}
	if made := account(t, b, at.User, password, plugin); !made {
		at.Schema = ""
	}
	direct := logins(t, c, at)
	account(t, b, at.User, password, plugin)
	at.Port = d.Port
	for name, through := range logins(t, c, at) {
		if through.String() != direct[name].String() {
			t.Errorf("%s\n direct: %s\nthrough: %s", name, direct[name], through)
		}
	}
	if direct["wrong"].ok() {
		t.Error("the wrong password logs in")
	}
	// A matrix in which nobody can log in would compare errors only.
	if !direct["cold"].ok() && plugin == servers.Native {
		t.Error("nobody can log in:", direct["cold"])
	}
}

// TestPassthroughWithOneHopEncrypted shows what dbmesh makes of hops that differ: there is
// no direct connection to compare with, so where the client sees something else than over
// a direct connection of its own kind, the table says so.
func TestPassthroughWithOneHopEncrypted(t *testing.T) {
	table := newTable("mixed", "server", "account", "client hop", "backend hop", "client", "login", "direct", "through")
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		clients := allClients(t)
		for _, h := range hops {
			other := hops[0]
			if h == other {
				other = hops[1]
			}
			d := passthrough(t, b, other)
			for _, plugin := range plugins {
				for _, c := range clients {
					table.tried(string(b.Flavour), c.name())
					at := attempt{User: "mixed", Password: password, CA: h.ca(b), Port: b.Port}
					account(t, b, at.User, password, plugin)
					direct := logins(t, c, at)
					account(t, b, at.User, password, plugin)
					at.Port = d.Port
					for name, through := range logins(t, c, at) {
						if through.String() != direct[name].String() {
							table.add(string(b.Flavour), plugin, string(h), string(other), c.name(), name, short(direct[name]), short(through))
						}
					}
				}
			}
		}
	})
	table.compare(t)
}

// short is a result without what the login settled.
func short(r result) string {
	if r.ok() {
		return "ok"
	}
	return strings.ReplaceAll(r.String(), "\n", " ")
}
