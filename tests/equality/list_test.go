package equality

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// listConfig knows its users, and follows what sessions set, for it could move them.
const listConfig = `
listeners:
  - address: ${LISTEN}
    pool: first
pools:
  - name: first
    health: {timeout: 10s}
    backends: [{address: "${BACKEND}"}]
  - name: second
    health: {timeout: 10s}
    backends: [{address: "${BACKEND}"}]
chains:
  - name: default
    links:
      - kind: auth
        mode: list
        users:
          - {name: player, password: playerpw}
          - {name: other, password: otherpw}
          - {name: lonely, password: lonelypw}
      - kind: router
        hints: true
      - balancer
      - slow-log
`

func TestDialoguesAreTheSameInListMode(t *testing.T) {
	all, masks := load(t)
	p := at(t, servers.FlavourMariaDB)
	p.mesh.Addr = sidecar.With(t, listConfig, "BACKEND="+p.server.Addr).Addr
	all = slices.DeleteFunc(all, func(d *dialogue.Dialogue) bool {
		return d.Large || !d.On("mariadb") || strings.HasPrefix(d.Name, "idle_")
	})
	each(thinned(all), atOnce(servers.FlavourMariaDB), func(d *dialogue.Dialogue) { p.compare(t, d, masks) })
}
