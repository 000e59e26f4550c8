package live

import (
	"encoding/binary"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// capsOfClients are what clients of each sort agree on.
var capsOfClients = []wire.Caps{
	rawCaps, rawCaps | wire.DeprecateEOF, rawCaps | wire.SessionTrack | wire.DeprecateEOF,
	mariadbCaps, mariadbCaps | wire.DeprecateEOF, mariadbCaps | wire.CacheMetadata, mariadbCaps | wire.CacheMetadata | wire.DeprecateEOF,
}

const mariadbCaps = rawCaps&^wire.LongPassword | wire.Progress | wire.BulkStmts | wire.ExtendedMeta

// openMasked logs in with the capabilities. A client may be told columns once only if
// nobody looked at them when it logged in.
func openMasked(t *testing.T, m *mesh, server *servers.Backend, caps wire.Caps) *raw {
	t.Helper()
	links := func(more string) {
		if err := m.apply(before(server, usualLinks+more).text()); err != nil {
			t.Fatal(err)
		}
	}
	if caps.Has(wire.CacheMetadata) {
		links("")
		defer links("{kind: masking}")
	}
	r := &raw{caps: caps}
	if err := r.open(m.addr(), "app", "app"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// reply plays a command and gives all bytes of its answer.
func (r *raw) reply(t *testing.T, code core.Code, payload []byte) (all []byte) {
	t.Helper()
	if err := r.send(code, payload); err != nil {
		t.Fatal(err)
	}
	return r.answer(t, code)
}

// answer reads an answer to its end.
func (r *raw) answer(t *testing.T, code core.Code) (all []byte) {
	t.Helper()
	var f wire.Response
	f.Begin(byte(code), r.caps)
	buf := make([]byte, 64<<10)
	for {
		n, ev := f.Feed(r.in)
		all = append(all, r.in[:n]...)
		r.in = r.in[n:]
		if f.Ended() || ev == wire.Infile {
			break
		}
		n, err := r.Read(buf)
		if err != nil {
			t.Fatalf("%v behind %d bytes of the answer to %v", err, len(all), code)
		}
		r.in = append(r.in, buf[:n]...)
	}
	if f.Malformed {
		t.Fatalf("malformed answer to %v: %.200q", code, all)
	}
	checkNumbers(t, all)
	return all
}

// checkNumbers fails unless the frames are numbered from 1.
func checkNumbers(t *testing.T, b []byte) {
	t.Helper()
	for seq := byte(1); len(b) > 0; seq++ {
		if b[3] != seq && seq != 1 {
			t.Errorf("a frame has number %d, not %d", b[3], seq)
			return
		}
		seq = b[3]
		b = b[wire.HeaderLen+wire.PayloadLen(b):]
	}
}

// payloads takes an answer apart.
func payloads(b []byte) (all []string) {
	for len(b) > 0 {
		n := wire.HeaderLen + wire.PayloadLen(b)
		all = append(all, string(b[wire.HeaderLen:n]))
		b = b[n:]
	}
	return all
}

func (r *raw) prepare(t *testing.T, sql []byte) []byte {
	t.Helper()
	b := r.reply(t, core.Prepare, sql)
	if b[wire.HeaderLen] != 0 {
		t.Fatalf("prepare: %q", b)
	}
	return b
}

// statement is the id in the answer to a prepare.
func statement(b []byte) uint32 { return binary.LittleEndian.Uint32(b[wire.HeaderLen+1:]) }

// cursor builds COM_STMT_EXECUTE that opens a cursor, and fetch COM_STMT_FETCH.
func cursor(id uint32) []byte {
	b := execute(id)
	b[4] = 1
	return b
}

func fetch(id, rows uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, id), rows)
}
