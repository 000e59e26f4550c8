package wire

import (
	"encoding/binary"
	"strconv"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// temporalMax is how long a date or time may be as text, with room to spare.
const temporalMax = 48

// appendTemporal appends a date or time of the binary protocol as the text protocol has it:
// with as many digits behind the point as the column has; where that is not known (more than
// 6), six, or none for a whole second. It says false for bytes that are none.
func appendTemporal(dst, v []byte, t, decimals byte) ([]byte, bool) {
	if t == mysql.MYSQL_TYPE_TIME {
		return appendTime(dst, v, decimals)
	}
	if n := len(v); n != 0 && n != 4 && n != 7 && n != 11 {
		return dst, false
	}
	var full [11]byte // what was not sent is zero
	copy(full[:], v)
	dst = appendPadded(dst, uint32(binary.LittleEndian.Uint16(full[:])), 4)
	dst = appendPadded(append(dst, '-'), uint32(full[2]), 2)
	dst = appendPadded(append(dst, '-'), uint32(full[3]), 2)
	if t == mysql.MYSQL_TYPE_DATE || t == mysql.MYSQL_TYPE_NEWDATE {
		return dst, true
	}
	dst = appendClock(append(dst, ' '), uint32(full[4]), full[5], full[6])
	return appendMicros(dst, binary.LittleEndian.Uint32(full[7:]), decimals)
}

// timeDays is how many days TIME holds; its longest is 838 hours.
const timeDays = 34

func appendTime(dst, v []byte, decimals byte) ([]byte, bool) {
	if n := len(v); n != 0 && n != 8 && n != 12 {
		return dst, false
	}
	var full [12]byte
	copy(full[:], v)
	days := binary.LittleEndian.Uint32(full[1:])
	if days > timeDays {
		return dst, false
	}
	if full[0] != 0 {
		dst = append(dst, '-')
	}
	dst = appendClock(dst, days*24+uint32(full[5]), full[6], full[7])
	return appendMicros(dst, binary.LittleEndian.Uint32(full[8:]), decimals)
}

func appendClock(dst []byte, hours uint32, minutes, seconds byte) []byte {
	dst = appendPadded(dst, hours, 2)
	dst = appendPadded(append(dst, ':'), uint32(minutes), 2)
	return appendPadded(append(dst, ':'), uint32(seconds), 2)
}

func appendMicros(dst []byte, micros uint32, decimals byte) ([]byte, bool) {
	if micros > 999999 {
		return dst, false
	}
	if decimals > 6 {
		if decimals = 6; micros == 0 {
			decimals = 0
		}
	}
	if decimals == 0 {
		return dst, true
	}
	dst = appendPadded(append(dst, '.'), micros, 6)
	return dst[:len(dst)-6+int(decimals)], true
}

// appendPadded appends n with at least so many digits.
func appendPadded(dst []byte, n uint32, digits int) []byte {
	var text [10]byte
	s := strconv.AppendUint(text[:0], uint64(n), 10)
	for range digits - len(s) {
		dst = append(dst, '0')
	}
	return append(dst, s...)
}

// parseTemporal encodes a text as a date or time of a binary row, with its length. It says
// false for one that the type can't hold.
func parseTemporal(text []byte, t byte) ([]byte, bool) {
	p := moment{b: text}
	if t == mysql.MYSQL_TYPE_TIME {
		full := make([]byte, 1+12)
		full[0] = 12
		if p.is('-') {
			full[1] = 1
		}
		hours := p.number(2, 3, 838)
		binary.LittleEndian.PutUint32(full[2:], hours/24)
		full[6] = byte(hours % 24)
		p.clock(full[7:])
		return full, p.whole()
	}
	full := make([]byte, 1+11)
	full[0] = 4
	binary.LittleEndian.PutUint16(full[1:], uint16(p.number(4, 4, 9999)))
	p.must('-')
	full[3] = byte(p.number(2, 2, 12))
	p.must('-')
	full[4] = byte(p.number(2, 2, 31))
	if t == mysql.MYSQL_TYPE_DATE || t == mysql.MYSQL_TYPE_NEWDATE {
		return full[:5], p.whole()
	}
	full[0] = 11
	if len(p.b) > 0 {
		p.must(' ')
		full[5] = byte(p.number(2, 2, 23))
		p.clock(full[6:])
	}
	return full, p.whole()
}

// moment reads the text of a date or time from the front, like cursor.
type moment struct {
	b   []byte
	bad bool
}

func (m *moment) whole() bool { return !m.bad && len(m.b) == 0 }

func (m *moment) is(c byte) bool {
	if len(m.b) == 0 || m.b[0] != c {
		return false
	}
	m.b = m.b[1:]
	return true
}

func (m *moment) must(c byte) { m.bad = !m.is(c) || m.bad }

// number reads a number of at least and at most so many digits, and at most limit.
func (m *moment) number(least, most int, limit uint32) (n uint32) {
	count := 0
	for ; count < most && len(m.b) > 0 && m.b[0] >= '0' && m.b[0] <= '9'; count++ {
		n = n*10 + uint32(m.b[0]-'0')
		m.b = m.b[1:]
	}
	m.bad = m.bad || count < least || n > limit
	return n
}

// clock reads minutes, seconds and perhaps a fraction behind the hours, and puts them down.
func (m *moment) clock(into []byte) {
	m.must(':')
	into[0] = byte(m.number(2, 2, 59))
	m.must(':')
	into[1] = byte(m.number(2, 2, 59))
	if !m.is('.') {
		return
	}
	before := len(m.b)
	micros := m.number(1, 6, 999999)
	for range 6 - (before - len(m.b)) {
		micros *= 10
	}
	binary.LittleEndian.PutUint32(into[2:], micros)
}
