package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// temporalMax is how long a date or time may be as text, with room to spare.
const temporalMax = 48

// appendTemporal appends a date or time of a binary row as the text protocol has it: with
// as many digits behind the point as the column has. It says false for bytes that are none.
func appendTemporal(dst, v []byte, t, decimals byte) ([]byte, bool) {
	if t == mysql.MYSQL_TYPE_NEWDATE {
		t = mysql.MYSQL_TYPE_DATE
	}
	dst, ok := Value{Type: t, Data: v}.AppendText(dst)
	if t == mysql.MYSQL_TYPE_DATE || decimals > 6 { // that many is: not fixed
		return dst, ok
	}
	if len(v) <= 8 { // no fraction was sent
		dst = append(dst, ".000000"...)
	}
	if decimals == 0 {
		return dst[:len(dst)-len(".000000")], ok
	}
	return dst[:len(dst)-6+int(decimals)], ok
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
