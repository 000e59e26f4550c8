package equality

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// A server numbers the frames inside its compressed packets otherwise than without
// compression; clients that have none must see what the server would have sent them.
func TestDialoguesAreTheSameOverACompressedServerConnection(t *testing.T) {
	all, masks := load(t)
	p := at(t, servers.FlavourMariaDB)
	config := strings.Replace(listConfig, "name: first\n", "name: first\n    compression: zlib\n", 1)
	p.mesh.Addr = sidecar.With(t, config, "BACKEND="+p.server.Addr).Addr
	all = slices.DeleteFunc(all, func(d *dialogue.Dialogue) bool {
		// In these the server reads beyond the end of a packet that is too short, and answers by
		// what its buffer holds there, which is no longer the same.
		strays := strings.Contains(d.Name, "_malformed") || strings.Contains(d.Name, "_too_short")
		return d.Large || !d.On("mariadb") || strings.HasPrefix(d.Name, "idle_") || strays
	})
	each(thinned(all), atOnce(servers.FlavourMariaDB), func(d *dialogue.Dialogue) { p.compare(t, d, masks) })
}
