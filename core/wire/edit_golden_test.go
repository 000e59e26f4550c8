package wire_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
)

// editor gives a response in pieces to an Editor as a session does.
type editor struct {
	wire.Editor
	r     wire.Response
	asked int // for columns
	mask  func([]wire.Column) []wire.Mask
	said  func(*wire.Err) *wire.Err
	tight bool // dst has no more room than was asked for
	most  int  // the longest input that was not consumed
}

func (d *editor) run(t *testing.T, code byte, caps wire.Caps, o wire.Edits, pieces [][]byte) (out []byte, left []byte, done bool) {
	t.Helper()
	d.r.Begin(code, caps)
	d.Begin(&d.r, code, caps, o)
	var hand []byte
	dst := make([]byte, 0, 64<<10)
	for _, p := range pieces {
		for hand = append(hand, p...); ; {
			made, n, ev := d.Feed(dst, hand)
			if cap(made) != cap(dst) {
				t.Fatal("the editor grew its output")
			}
			out, hand, dst = append(out, made...), hand[n:], dst[:0]
			switch ev {
			case wire.AskColumns:
				d.asked++
				columns, err := d.Columns()
				var masks []wire.Mask
				if err == nil && d.mask != nil {
					masks = d.mask(columns)
				}
				d.Mask(masks)
				continue
			case wire.AskError:
				told := d.Said
				if d.said != nil {
					told = d.said(d.Said)
				}
				d.Replace(told)
				continue
			case wire.Full:
				if size := d.Room; d.tight || size > cap(dst) {
					dst = make([]byte, 0, size)
				}
				continue
			case wire.Infile:
				d.r.Resume()
				continue
			case wire.Done:
				return out, hand, true
			}
			break
		}
		d.most = max(d.most, len(hand))
	}
	return out, hand, false
}

// What nobody changes comes out as it came in, whoever looks at it and however it is cut.
func TestAnEditorWithoutMasksChangesNothingOfRealServers(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d transcripts, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if strings.Contains(path, "large") && wire.UnderRace() {
				t.Skip("too slow with the race detector, and on one goroutine")
			}
			said := readTranscript(t, path)
			asked := 0
			var known []byte
			for _, e := range said.exchanges {
				code := e.lines[0].payload()[0]
				if e.name == "login" || code == 0x11 || !wire.HasResponse(code) {
					continue
				}
				asked += unchanged(t, e, said.caps, &known)
			}
			if asked == 0 && !strings.HasPrefix(filepath.Base(path), "login") {
				t.Error("nobody was asked about columns")
			}
		})
	}
}

func unchanged(t *testing.T, e exchange, caps wire.Caps, known *[]byte) (asked int) {
	t.Helper()
	answer := e.from('<')
	code := e.lines[0].payload()[0]
	cuts := [][][]byte{slices.Collect(slices.Chunk(answer, 61<<10))}
	if len(answer) < 1<<20 {
		cuts = append(cuts, [][]byte{answer}, slices.Collect(slices.Chunk(answer, 1)), slices.Collect(slices.Chunk(answer, 7)))
	}
	for _, pieces := range cuts {
		for _, o := range []wire.Edits{{}, {Errors: true}, {Columns: true, Known: *known}, {Columns: true, Errors: true, Known: *known}} {
			d := editor{tight: len(pieces) > 3}
			out, left, done := d.run(t, code, caps, o, pieces)
			if !done || len(left) > 0 || !bytes.Equal(out, answer) || d.Told != nil {
				t.Fatalf("%s, %d pieces, %+v: %d of %d bytes are the same, done %t, told %v", e.name, len(pieces), o.Columns, same(out, answer), len(answer), done, d.Told)
			}
			if d.Rows != d.r.Rows {
				t.Errorf("%s: %d rows of %d", e.name, d.Rows, d.r.Rows)
			}
			if asked = d.asked; o.Columns && d.Editor.Known != nil {
				defer func() { *known = bytes.Clone(d.Editor.Known) }()
			}
		}
	}
	return asked
}

// same counts equal bytes from the front.
func same(a, b []byte) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
