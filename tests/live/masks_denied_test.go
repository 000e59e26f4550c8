package live

import (
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// A table that changes between prepare and execute has the server tell the columns anew,
// once: a client that was denied them then must not be taken to know them.
func TestADenialOfNewColumnsDoesNotUncoverThem(t *testing.T) {
	server := servers.MariaDB(t).Backend
	direct := app(t, server.Addr, params)
	for _, caps := range []wire.Caps{mariadbCaps | wire.CacheMetadata, mariadbCaps | wire.CacheMetadata | wire.DeprecateEOF} {
		run(t, direct, "CREATE OR REPLACE TABLE altered (keep_a VARCHAR(20), b VARCHAR(20)) SELECT 'secret' AS keep_a, 'open' AS b")
		r := openMasked(t, maskingMesh(t, server, &masking{}, false, ""), server, caps)
		id := statement(r.prepare(t, []byte("SELECT * FROM altered")))
		if got := r.reply(t, core.Execute, execute(id)); !has(got, "se***t") || !has(got, "open") {
			t.Fatalf("at first: %q", got)
		}
		run(t, direct, "CREATE OR REPLACE TABLE altered (b VARCHAR(20), denied_a VARCHAR(20)) SELECT 'open' AS b, 'secret' AS denied_a")
		for i := range 3 {
			got := r.reply(t, core.Execute, execute(id))
			if e := lastErr(t, got); e == nil || has(got, "secret") || got[3] != 1 {
				t.Errorf("caps %#x, execute %d: %q", uint64(caps), i, got)
			}
		}
	}
}

func TestADeniedFetchIsNumberedLikeAnyAnswer(t *testing.T) {
	server := shared.MariaDB(t).Backend
	bothWays(t, func(t *testing.T, slow bool) {
		for _, caps := range capsOfClients {
			r := openMasked(t, maskingMesh(t, server, &masking{}, slow, ""), server, caps)
			id := statement(r.prepare(t, []byte("SELECT seq, 'secret' AS denied_s FROM seq_1_to_9")))
			for _, got := range [][]byte{r.reply(t, core.Execute, cursor(id)), r.reply(t, core.Fetch, fetch(id, 3)), r.reply(t, core.Fetch, fetch(id, 3))} {
				if e := lastErr(t, got); e == nil || e.Code != 1142 || got[3] != 1 {
					t.Errorf("caps %#x: %q", uint64(caps), got)
				}
			}
		}
	})
}
