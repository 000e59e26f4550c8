package live

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// sees executes and compares what the server got and what the filter saw.
func (r *raw) sees(t *testing.T, p *perusal, payload []byte, server, filter string) {
	t.Helper()
	got, err := r.echo(payload, 1)
	if err != nil {
		t.Fatal(err)
	}
	if seen := p.take(); got[0] != server || !slices.Equal(seen, []string{filter}) {
		t.Fatalf("the server got %q, want %q; the filter saw %q, want %q", got[0], server, seen, filter)
	}
}

func TestAnExecuteWithoutTypesHasThoseOfTheOneBefore(t *testing.T) {
	p := &perusal{reads: true}
	m := perusedMesh(t, p)
	r := dialRaw(t, m.addr(), "app", "app")
	id := r.prepareEcho(t, 1)
	minus, plus := param{kind: 1, data: "\xff"}, param{kind: 1, flags: 0x80, data: "\xff"}
	r.sees(t, p, bind(id, true, minus), "-1", "int -1")
	r.sees(t, p, bind(id, false, minus), "-1", "int -1")
	r.sees(t, p, bind(id, true, plus), "255", "uint 255")
	r.sees(t, p, bind(id, false, minus), "255", "uint 255")
	other := r.prepareEcho(t, 1)
	r.sees(t, p, bind(other, true, minus), "-1", "int -1")
	r.sees(t, p, bind(id, false, param{null: true}), "NULL", "null ")
	r.sees(t, p, bind(id, false, minus), "255", "uint 255")
	// MariaDB's id for the statement that was prepared last.
	r.sees(t, p, bind(^uint32(0), true, minus), "-1", "int -1")

	// A chain that does not read parameters does not learn types: later ones must not
	// believe what they knew before.
	without := before(shared.MariaDB(t).Backend, usualLinks).text()
	with := before(shared.MariaDB(t).Backend, usualLinks+"{kind: perusal}").text()
	for _, text := range []string{without, with} {
		if err := m.apply(text); err != nil {
			t.Fatal(err)
		}
		if text == without {
			if _, err := r.echo(bind(id, true, minus), 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.sees(t, p, bind(id, false, minus), "-1", "false")
	r.sees(t, p, bind(id, true, plus), "255", "uint 255")
}

func TestADeniedExecuteTeachesNoTypes(t *testing.T) {
	p := &perusal{reads: true}
	m := perusedMesh(t, p)
	r := dialRaw(t, m.addr(), "app", "app")
	id := r.prepareEcho(t, 1)
	r.sees(t, p, bind(id, true, param{kind: 1, data: "\xff"}), "-1", "int -1")
	p.deny.Store(true)
	if _, err := r.echo(bind(id, true, param{kind: 1, flags: 0x80, data: "\xff"}), 1); errno(err) != 1644 {
		t.Fatal(err)
	}
	p.deny.Store(false)
	p.take()
	r.sees(t, p, bind(id, false, param{kind: 1, data: "\xff"}), "-1", "int -1")
}

func (r *raw) piece(t *testing.T, id uint32, param uint16, text string) {
	t.Helper()
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint32(nil, id), param)
	if err := r.send(core.SendLongData, append(b, text...)); err != nil {
		t.Fatal(err)
	}
}

func TestAParameterSentInPiecesIsUnknownUntilItIsUsedOrReset(t *testing.T) {
	p := &perusal{reads: true}
	m := perusedMesh(t, p)
	r := dialRaw(t, m.addr(), "app", "app")
	id := r.prepareEcho(t, 1)
	whole, pieces := param{kind: 252, data: block("whole")}, param{kind: 252, pieces: true}
	r.piece(t, id, 0, "in ")
	r.piece(t, id, 0, "pieces")
	r.sees(t, p, bind(id, true, pieces), "in pieces", "unknown ")
	r.sees(t, p, bind(id, false, whole), "whole", "bytes whole")
	r.piece(t, id, 0, "forgotten")
	if _, err := r.do(core.ResetStatement, binary.LittleEndian.AppendUint32(nil, id)); err != nil {
		t.Fatal(err)
	}
	r.sees(t, p, bind(id, false, whole), "whole", "bytes whole")
	// What a server that has refused the execute keeps is for nobody to say.
	r.piece(t, id, 0, "x")
	if _, err := r.echo(append(binary.LittleEndian.AppendUint32(nil, id), 0, 1, 0, 0, 0), 1); err == nil {
		t.Fatal("an execute without its parameters was taken")
	}
	p.take()
	if _, err := r.echo(bind(id, true, pieces), 1); err == nil {
		t.Log("the server has kept the piece")
	}
	if seen := p.take(); !slices.Equal(seen, []string{"false"}) {
		t.Errorf("after an error the filter saw %q", seen)
	}
	if _, err := r.do(core.ResetStatement, binary.LittleEndian.AppendUint32(nil, id)); err != nil {
		t.Fatal(err)
	}
	r.sees(t, p, bind(id, true, whole), "whole", "bytes whole")
	r.piece(t, id, 7, "there is no such parameter")
	_, _ = r.echo(bind(id, true, whole), 1)
	if seen := p.take(); !slices.Equal(seen, []string{"false"}) {
		t.Errorf("a piece of what is no parameter: the filter saw %q", seen)
	}
}

// A server that could not take a piece refuses the execute before it reads any types.
func TestAnExecuteThatIsRefusedForItsPiecesTeachesNoTypes(t *testing.T) {
	p := &perusal{reads: true}
	m := startMesh(t, parts{kinds: core.Registry{"perusal": p.kind()}},
		before(servers.MariaDB(t, servers.MaxPacket("1M")).Backend, usualLinks+"{kind: perusal, on_failure: closed}").text())
	r := dialRaw(t, m.addr(), "app", "app")
	id := r.prepareEcho(t, 1)
	r.sees(t, p, bind(id, true, param{kind: 8, data: "\x07abcdefg"}), "7450754115369591047", "int 7450754115369591047")
	for range 5 {
		r.piece(t, id, 0, strings.Repeat("x", 400<<10))
	}
	if _, err := r.echo(bind(id, true, param{kind: 254, pieces: true}), 1); errno(err) <= 0 {
		t.Fatalf("2 MB were taken: %v", err)
	}
	if _, err := r.do(core.ResetStatement, binary.LittleEndian.AppendUint32(nil, id)); err != nil {
		t.Fatal(err)
	}
	p.take()
	r.sees(t, p, bind(id, false, param{kind: 254, data: "\x07abcdefg"}), "7450754115369591047", "false")
}

// A chain that reads parameters waits for the whole execute, up to inspect_limit.
func TestParametersAreReadUpToTheInspectLimit(t *testing.T) {
	p := &perusal{reads: true}
	text := before(shared.MariaDB(t).Backend, usualLinks+"{kind: perusal}").text()
	m := startMesh(t, parts{kinds: core.Registry{"perusal": p.kind()}}, text+"\nlimits: {inspect_limit: 100KiB}\n")
	r := dialRaw(t, m.addr(), "app", "app")
	f, err := r.do(core.Prepare, []byte("SELECT CAST(LENGTH(?) AS CHAR)"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		size int
		want string
	}{{1 << 10, "text "}, {60 << 10, "text "}, {99 << 10, "text "}, {101 << 10, "false"}, {1 << 20, "false"}, {20 << 20, "false"}} {
		n := uint64(tc.size)
		long := strings.Repeat("x", tc.size)
		b := bind(f.StatementID, true, param{kind: 254, data: "\xfd" + le(3, n) + long})
		if tc.size >= 1<<24 {
			b = bind(f.StatementID, true, param{kind: 254, data: "\xfe" + le(8, n) + long})
		}
		got, err := r.echo(b, 1)
		if tc.size >= 1<<24 && errno(err) > 0 { // more than the server takes
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		want := tc.want
		if want == "text " {
			want += long
		}
		if seen := p.take(); len(seen) != 1 || seen[0] != want {
			t.Errorf("%d bytes: the server got %s, the filter saw %.20q in %d", tc.size, got, seen, len(seen))
		}
	}
}

func TestADriversParametersAreRead(t *testing.T) {
	p := &perusal{reads: true}
	m := perusedMesh(t, p)
	c := session(t, app(t, m.addr()))
	st, err := c.PrepareContext(context.Background(), "SELECT CONCAT_WS('|', ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	at := time.Date(2026, 11, 23, 1, 2, 3, 4000, time.UTC)
	for range 2 {
		var got string
		if err := st.QueryRow(int64(-5), uint64(1<<63), 2.5, true, "it's", []byte("raw"), nil, at).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want := "-5|9223372036854775808|2.5|1|it's|raw|2026-11-23 01:02:03.000004"; got != want {
			t.Errorf("the server got %s, want %s", got, want)
		}
		want := "int -5 | uint 9223372036854775808 | float 2.5 | int 1 | text it's | text raw | null  | text 2026-11-23 01:02:03.000004"
		if seen := p.take(); len(seen) != 1 || seen[0] != want {
			t.Errorf("the filter saw %q, want %q", seen, want)
		}
	}
}

func TestALinkThatReadsNoParametersGetsNone(t *testing.T) {
	p := &perusal{}
	m := perusedMesh(t, p)
	r := dialRaw(t, m.addr(), "app", "app")
	r.sees(t, p, bind(r.prepareEcho(t, 1), true, param{kind: 1, data: "\x01"}), "1", "false")
}
