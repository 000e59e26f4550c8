package live

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// A server closes a statement's cursor when it executes the statement anew, but not when it
// can't read the execute: what held for the cursor's rows still does then.
func TestAnExecuteThatIsRefusedDoesNotUncoverACursor(t *testing.T) {
	server := shared.MariaDB(t).Backend
	for _, caps := range []wire.Caps{rawCaps, rawCaps | wire.DeprecateEOF, mariadbCaps | wire.DeprecateEOF} {
		m := maskingMesh(t, server, &masking{}, false, "")
		r := openMasked(t, m, server, caps)
		masked := statement(r.prepare(t, []byte("SELECT seq, 'secret' AS keep_s FROM seq_1_to_9 WHERE seq < ?")))
		denied := statement(r.prepare(t, []byte("SELECT seq, 'secret' AS denied_s FROM seq_1_to_9 WHERE seq < ?")))
		for _, links := range []string{usualLinks + "{kind: masking}", usualLinks} {
			for _, id := range []uint32{masked, denied} {
				if err := m.apply(before(server, usualLinks+"{kind: masking}").text()); err != nil {
					t.Fatal(err)
				}
				r.reply(t, core.Execute, append(cursor(id), 0, 1, 3, 0, 100, 0, 0, 0))
				if err := m.apply(before(server, links).text()); err != nil {
					t.Fatal(err)
				}
				if e := lastErr(t, r.reply(t, core.Execute, append(cursor(id), 0, 1, 3, 0, 100))); e == nil || e.Code != 1210 {
					t.Fatalf("an execute that is cut: %v", e)
				}
				got := r.reply(t, core.Fetch, fetch(id, 3))
				if has(got, "secret") || id == masked && strings.Count(string(got), "se***t") != 3 {
					t.Errorf("caps %#x: fetched %q", uint64(caps), got)
				}
			}
		}
	}
}

// What dbmesh forgets with a session's statements the server has forgotten too.
func TestNoCursorOutlivesAResetOfItsSession(t *testing.T) {
	server := shared.MariaDB(t).Backend
	r := openMasked(t, maskingMesh(t, server, &masking{}, false, ""), server, rawCaps)
	id := statement(r.prepare(t, []byte("SELECT seq, 'secret' AS keep_s FROM seq_1_to_9")))
	if got := r.reply(t, core.Execute, cursor(id)); lastErr(t, got) != nil {
		t.Fatal(lastErr(t, got))
	}
	if got := r.reply(t, core.ResetConnection, nil); lastErr(t, got) != nil {
		t.Fatal(lastErr(t, got))
	}
	if got := r.reply(t, core.Fetch, fetch(id, 3)); lastErr(t, got) == nil {
		t.Errorf("fetched %q", got)
	}
}

// TiDB keeps a cursor open over an execute that opens none.
func TestAnExecuteWithoutACursorDoesNotUncoverOneBeforeIt(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		m := maskingMesh(t, server, &masking{}, false, "")
		r := openMasked(t, m, server, rawCaps)
		id := statement(r.prepare(t, []byte("SELECT 'secret' AS keep_s UNION ALL SELECT 'secret'")))
		if e := lastErr(t, r.reply(t, core.Execute, cursor(id))); e != nil {
			t.Fatal(e)
		}
		if got := r.reply(t, core.Execute, execute(id)); has(got, "secret") {
			t.Errorf("executed %q", got)
		}
		if got := r.reply(t, core.Fetch, fetch(id, 3)); has(got, "secret") {
			t.Errorf("fetched %q", got)
		}
	})
}
