package wire

import "bytes"

// ParseCount reads the first packet of a result: how many columns it has. It says false
// for any other packet, and for a result that goes on elsewhere (LOAD DATA LOCAL).
func ParseCount(p []byte) (int, bool) {
	c := cursor{b: p}
	n := c.lenenc()
	if c.bad || len(c.b) > 0 || n == 0 || n > maxColumns || p[0] == HeaderInfile {
		return 0, false
	}
	return int(n), true
}

// ParseTextRow copies the values out of a row of the text protocol; NULL is nil.
func ParseTextRow(p []byte, columns int) ([][]byte, bool) {
	p = bytes.Clone(p)
	c := cursor{b: p}
	row := make([][]byte, 0, min(columns, len(p)))
	for range columns {
		if len(c.b) > 0 && c.b[0] == HeaderInfile {
			c.take(1)
			row = append(row, nil)
			continue
		}
		v := c.block()
		if c.bad {
			return nil, false
		}
		if v == nil {
			v = []byte{}
		}
		row = append(row, v)
	}
	return row, len(c.b) == 0
}

// EndStatus reads the status flags of the packet behind the last row.
func EndStatus(p []byte, caps Caps) (uint16, error) {
	if caps.Has(DeprecateEOF) {
		ok, err := ParseOK(p, caps)
		return ok.Status, err
	}
	c := cursor{b: p}
	c.u8()
	c.u16()
	return c.u16(), c.err()
}
