package wire

// bulkExecute is the code of MariaDB's command for several rows of parameters.
const bulkExecute = 0xfa

// HeadLen is how many bytes of an execute of n parameters stand before its values, at most.
// Names of query attributes may make it more.
func HeadLen(n int, caps Caps) int {
	length := 11 + (n+7)/8 + 2*n
	if caps.Has(QueryAttrs) {
		length += 9 + n + HeldMax
	}
	return length
}

// Head reads what stands before the values of an execute or a bulk execute of a statement
// with n parameters, of which b is the beginning. It says false for what is malformed, what
// servers read differently, and where b ends too soon. The types that it finds told are
// those of the parameters, and behind them those of query attributes.
func (e *Execute) Head(b []byte, n int, caps Caps) bool {
	*e = Execute{Types: e.Types[:0], count: n, c: cursor{b: b}, bulk: len(b) > 0 && b[0] == bulkExecute}
	e.c.take(5) // command and statement
	if e.bulk {
		return e.bulkHead(len(b))
	}
	flags := e.c.u8()
	e.c.take(4) // iterations, always 1
	counted := caps.Has(QueryAttrs) && flags&paramCount != 0
	switch {
	case e.c.bad:
		return false
	case counted:
		count := e.c.lenenc()
		if e.c.bad || count < uint64(n) || count > uint64(len(b)) {
			return false
		}
		e.count = int(count)
	case caps.Has(QueryAttrs) && n > 0:
		return false // there should be a number, but servers differ on that
	}
	if e.count == 0 {
		return true
	}
	e.nulls = e.c.take((e.count + 7) / 8)
	e.flag = len(b) - len(e.c.b)
	if e.Told = e.c.u8() != 0; !e.Told {
		return !e.c.bad
	}
	for range e.count {
		e.Types = append(e.Types, e.c.take(2)...)
		if caps.Has(QueryAttrs) {
			e.c.block() // name
		}
		if e.c.bad { // a count that lies must not make Types grow
			return false
		}
	}
	return true
}

func (e *Execute) bulkHead(length int) bool {
	e.flag = length - len(e.c.b)
	if e.Told = e.c.u16()&bulkTypes != 0; e.Told {
		e.Types = append(e.Types, e.c.take(2*e.count)...)
	}
	return !e.c.bad
}

// AppendExecute appends the beginning b of an execute or a bulk execute as a server takes it
// to whom the statement has another id, and who has not been told types of parameters, or
// not those: types, two bytes for each of the n parameters, are put in where b tells none.
// It says false where Head would, and where types are missing; dst is then as it was.
func AppendExecute(dst, b []byte, id uint32, n int, types []byte, caps Caps) ([]byte, bool) {
	var e Execute
	if e.Head(b, n, caps) && (e.Told || e.count == 0) {
		return appendRenamed(dst, b, id), true
	}
	if e.c.bad || e.flag == 0 || e.count != n || len(types) != 2*n {
		return dst, false
	}
	start := len(dst)
	dst = appendRenamed(dst, b[:len(b)-len(e.c.b)], id)
	if e.bulk {
		dst[start+e.flag] |= bulkTypes
		return append(append(dst, types...), e.c.b...), true
	}
	dst[start+e.flag] = 1
	for i := range n {
		dst = append(dst, types[2*i], types[2*i+1])
		if caps.Has(QueryAttrs) {
			dst = append(dst, 0) // no name
		}
	}
	return append(dst, e.c.b...), true
}

// appendRenamed appends the beginning of a command that is about the statement id.
func appendRenamed(dst, b []byte, id uint32) []byte {
	start := len(dst)
	dst = append(dst, b...)
	PutStatement(dst[start:], id)
	return dst
}

// PutStatement has the command that b begins be about the statement id. b must have the
// command's byte and the four of the id that it has.
func PutStatement(b []byte, id uint32) {
	b[1], b[2], b[3], b[4] = byte(id), byte(id>>8), byte(id>>16), byte(id>>24)
}
