package wire

// room is how much a row of so many bytes may take when it is masked, header included.
func (p *Plan) room(length int) int {
	return HeaderLen + min(length+p.growth, MaxPayload)
}

// appendRow appends the frame of a row as it is when masked. errWide says that it would be
// too long for one frame, and dst is as it was.
func (p *Plan) appendRow(dst, row []byte, seq byte, binary bool) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, seq)
	var err error
	if binary {
		dst, err = p.binary(dst, row)
	} else {
		dst, err = p.text(dst, row)
	}
	if err != nil {
		return dst[:start], err
	}
	PutHeader(dst[start:], len(dst)-start-HeaderLen, seq)
	return dst, nil
}

// maxLenenc is how many bytes a length may take.
const maxLenenc = 9

// fits says whether a row that has begun at start may get n bytes more.
func fits(dst []byte, start, n int) bool { return len(dst)-start+n < MaxPayload }

// text appends a row of the text protocol. What stands between masked values is copied as
// it is.
func (p *Plan) text(dst, row []byte) ([]byte, error) {
	c, from, start := cursor{b: row}, 0, len(dst)
	next := p.masks
	for i := 0; len(next) > 0; i++ {
		at := len(row) - len(c.b)
		null := len(c.b) > 0 && c.b[0] == HeaderInfile
		var v []byte
		if null {
			c.u8()
		} else {
			v = c.block()
		}
		if c.bad {
			return dst, ErrMalformed
		}
		k := &next[0]
		if k.Column != i {
			continue
		}
		next = next[1:]
		if !fits(dst, start, at-from+k.length(v)) {
			return dst, errWide
		}
		dst = append(dst, row[from:at]...)
		if null || k.By == MaskNull {
			dst = append(dst, HeaderInfile)
		} else {
			dst = k.append(dst, v)
		}
		from = len(row) - len(c.b)
	}
	if !fits(dst, start, len(row)-from) {
		return dst, errWide
	}
	return append(dst, row[from:]...), nil
}

// length is the most bytes that a masked value may take.
func (k *masked) length(v []byte) int {
	switch k.By {
	case MaskNull:
		return 1
	case MaskConstant:
		return len(k.plain)
	case MaskHash:
		return hashLen + 1
	}
	return len(v) + maxLenenc
}

// binary appends a row of the binary protocol: a zero, a bit for each column that says
// whether it is NULL, two bits further than its number, and the values that are not.
func (p *Plan) binary(dst, row []byte) ([]byte, error) {
	head := 1 + (p.columns+2+7)/8
	if len(row) < head || row[0] != 0 {
		return dst, ErrMalformed
	}
	start := len(dst)
	dst = append(dst, row[:head]...)
	c, from := cursor{b: row[head:]}, head
	var text [temporalMax]byte
	next := p.masks
	for i := 0; len(next) > 0; i++ {
		bit, mask := 1+(i+2)/8, byte(1)<<((i+2)%8)
		at := len(row) - len(c.b)
		var v []byte
		null := row[bit]&mask != 0
		if !null {
			v = p.value(&c, i)
		}
		if c.bad {
			return dst, ErrMalformed
		}
		k := &next[0]
		if k.Column != i {
			continue
		}
		next = next[1:]
		if null {
			continue
		}
		if k.temporal != 0 && k.By != MaskConstant {
			var ok bool
			if v, ok = appendTemporal(text[:0], v, k.temporal, k.decimals); !ok {
				return dst, ErrMalformed
			}
		}
		if !fits(dst, start, at-from+k.length(v)) {
			return dst, errWide
		}
		dst = append(dst, row[from:at]...)
		from = len(row) - len(c.b)
		if k.By == MaskNull {
			dst[start+bit] |= mask
			continue
		}
		dst = k.append(dst, v)
	}
	if !fits(dst, start, len(row)-from) {
		return dst, errWide
	}
	return append(dst, row[from:]...), nil
}

// value reads column i's value.
func (p *Plan) value(c *cursor, i int) []byte {
	n, _ := width(p.types[i])
	switch n {
	case lengthEncoded:
		return c.block()
	case lengthByte:
		return c.take(int(c.u8()))
	}
	return c.take(n)
}
