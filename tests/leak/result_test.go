package leak

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/dbmesh/dbmesh/core/wire"
)

// The commands that the raw client sends.
const (
	comQuit            = 0x01
	comInitDB          = 0x02
	comQuery           = 0x03
	comProcessKill     = 0x0c
	comPing            = 0x0e
	comPrepare         = 0x16
	comExecute         = 0x17
	comLongData        = 0x18
	comCloseStatement  = 0x19
	comResetStatement  = 0x1a
	comFetch           = 0x1c
	comResetConnection = 0x1f
)

// result is what one statement gave. NULL reads as "NULL".
type result struct {
	rows               [][]string
	affected, insertID uint64
	warnings           uint16
	status             uint16
	types              []byte // of the columns, nil for a statement without
}

// results reads the results of a command, up to the last.
func (r *raw) results(binaryRows bool) ([]result, error) {
	var all []result
	for {
		one, err := r.result(binaryRows)
		if err != nil {
			return all, err
		}
		all = append(all, one)
		if one.status&wire.StatusMoreResults == 0 {
			return all, nil
		}
	}
}

func (r *raw) result(binaryRows bool) (result, error) {
	p, err := r.read()
	if err != nil {
		return result{}, err
	}
	switch p[0] {
	case wire.HeaderOK:
		ok, err := r.okay(p)
		return result{affected: ok.Affected, insertID: ok.InsertID, warnings: ok.Warnings, status: ok.Status}, err
	case wire.HeaderErr:
		return result{}, refusal(p)
	case localInfile:
		return result{}, fmt.Errorf("asked for a file")
	}
	n, _, _ := lenenc(p)
	found := result{types: make([]byte, n)}
	for i := range found.types {
		if found.types[i], err = r.column(); err != nil {
			return found, err
		}
	}
	if err := r.eof(&found); err != nil || found.status&wire.StatusCursor != 0 {
		return found, err
	}
	return found, r.rows(&found, binaryRows)
}

const localInfile = 0xfb

// column reads a definition and gives its type: the 7th byte from the end of the fixed part.
func (r *raw) column() (byte, error) {
	p, err := r.read()
	if err != nil {
		return 0, err
	}
	c, err := wire.ParseColumn(p, r.caps)
	return c.Type, err
}

func (r *raw) eof(found *result) error {
	p, err := r.read()
	if err != nil {
		return err
	}
	if !isEOF(p) {
		return fmt.Errorf("%q in place of an EOF packet", p)
	}
	r.ends(p, found)
	return nil
}

func (r *raw) ends(p []byte, found *result) {
	found.warnings, found.status = binary.LittleEndian.Uint16(p[1:]), binary.LittleEndian.Uint16(p[3:])
	r.status = found.status
}

func isEOF(p []byte) bool { return p[0] == wire.HeaderEOF && len(p) == 5 }

// rows reads rows up to their end.
func (r *raw) rows(found *result, binaryRows bool) error {
	for {
		p, err := r.read()
		if err != nil {
			return err
		}
		if isEOF(p) {
			r.ends(p, found)
			return nil
		}
		if p[0] == wire.HeaderErr {
			return refusal(p)
		}
		var row []string
		if binaryRows {
			row, err = binaryRow(p, found.types)
		} else {
			row, err = textRow(p, len(found.types))
		}
		if err != nil {
			return err
		}
		found.rows = append(found.rows, row)
	}
}

func textRow(p []byte, columns int) ([]string, error) {
	row := make([]string, columns)
	for i := range row {
		n, size, null := lenenc(p)
		if null {
			row[i], p = "NULL", p[1:]
			continue
		}
		if size == 0 || uint64(len(p)-size) < n {
			return nil, leakf("a row of another shape: column %d of %d", i+1, columns)
		}
		row[i], p = string(p[size:size+int(n)]), p[size+int(n):]
	}
	if len(p) > 0 {
		return nil, leakf("a row of more than %d columns", columns)
	}
	return row, nil
}

// binaryRow reads whole numbers and strings; these tests ask for no other types.
func binaryRow(p []byte, types []byte) ([]string, error) {
	bitmap := (len(types) + 9) / 8
	if len(p) < 1+bitmap || p[0] != 0 {
		return nil, leakf("a binary row of another shape: %q", p)
	}
	nulls, p := p[1:1+bitmap], p[1+bitmap:]
	row := make([]string, len(types))
	for i, t := range types {
		if nulls[(i+2)/8]&(1<<((i+2)%8)) != 0 {
			row[i] = "NULL"
			continue
		}
		width := map[byte]int{1: 1, 2: 2, 3: 4, 8: 8, 9: 4}[t]
		if width > 0 {
			if len(p) < width {
				return nil, leakf("a binary row is cut at column %d", i+1)
			}
			var number [8]byte
			copy(number[:], p[:width])
			row[i], p = strconv.FormatUint(binary.LittleEndian.Uint64(number[:]), 10), p[width:]
			continue
		}
		n, size, null := lenenc(p)
		if null || size == 0 || uint64(len(p)-size) < n {
			return nil, leakf("a binary row of another shape at column %d, type %d", i+1, t)
		}
		row[i], p = string(p[size:size+int(n)]), p[size+int(n):]
	}
	return row, nil
}

// lenenc reads a length-encoded number; size 0 says that there is none.
func lenenc(b []byte) (n uint64, size int, null bool) {
	if len(b) == 0 {
		return 0, 0, false
	}
	wide := map[byte]int{0xfc: 2, 0xfd: 3, 0xfe: 8}[b[0]]
	switch {
	case b[0] == 0xfb:
		return 0, 1, true
	case wide == 0:
		return uint64(b[0]), 1, false
	case len(b) <= wide:
		return 0, 0, false
	}
	var number [8]byte
	copy(number[:], b[1:1+wide])
	return binary.LittleEndian.Uint64(number[:]), 1 + wide, false
}
