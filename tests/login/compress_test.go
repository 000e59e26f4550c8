package login

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// TestMysql2ReadsTheSameWithCompression also has it send statements that take many packets.
func TestMysql2ReadsTheSameWithCompression(t *testing.T) {
	c, err := mysql2()
	if err != nil {
		leftOut(t, err)
		t.Skip("mysql2 is not on this machine")
	}
	const config = `
listeners:
  - {name: main, address: "${LISTEN}", pool: main, compression: [zlib, zstd]}
pools:
  - {name: main, compression: zlib, health: {timeout: 10s}, backends: [{address: "${BACKEND}"}]}
`
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		b.Create(t, servers.Account{Name: "node_packed", Password: "first"})
		b.Create(t, servers.Account{Name: "node_packed_too", Password: password})
		d := sidecar.With(t, config, "BACKEND="+b.Addr)
		for what, query := range map[string]string{
			"a word":         "SELECT 'word'",
			"a long row":     "SELECT REPEAT('0123456789', 50000)",
			"a long command": "SELECT LENGTH('" + strings.Repeat("some text ", 300_000) + "'), 'end'",
			"who it is":      whoami,
		} {
			for _, to := range []*change{nil, {"node_packed_too", password, servers.Schema}} {
				at := attempt{User: "node_packed", Password: "first", Port: b.Port, Change: to, Query: query}
				direct := try(t, c, at)
				at.Port = d.Port
				for _, at.Compress = range []bool{false, true} {
					if through := try(t, c, at); direct.String() != through.String() {
						t.Errorf("%s, compression %v:\n direct: %.300s\nthrough: %.300s", what, at.Compress, direct, through)
					}
				}
			}
		}
	})
}
