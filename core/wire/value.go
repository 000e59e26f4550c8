package wire

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// ValueKind is what a parameter is, whatever its length. The numbers are core.ParamType's.
type ValueKind uint8

// The kinds.
const (
	ValueNull ValueKind = iota
	ValueInt
	ValueUint
	ValueFloat
	ValueText
	ValueBytes
	ValueTime
	ValuePieces // nobody has it in one piece
)

// Kind tells a value's kind.
func (v Value) Kind() ValueKind {
	if v.Pieces {
		return ValuePieces
	}
	switch v.Type {
	case mysql.MYSQL_TYPE_NULL:
		return ValueNull
	case mysql.MYSQL_TYPE_TINY, mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_LONGLONG:
		if v.Unsigned {
			return ValueUint
		}
		return ValueInt
	case mysql.MYSQL_TYPE_FLOAT, mysql.MYSQL_TYPE_DOUBLE:
		return ValueFloat
	case mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_DATETIME, mysql.MYSQL_TYPE_TIMESTAMP, mysql.MYSQL_TYPE_TIME:
		return ValueTime
	case mysql.MYSQL_TYPE_TINY_BLOB, mysql.MYSQL_TYPE_MEDIUM_BLOB, mysql.MYSQL_TYPE_LONG_BLOB, mysql.MYSQL_TYPE_BLOB:
		return ValueBytes
	}
	return ValueText
}

// AppendText appends a number or a time as text. It says false for a time that
// is none, or not the same to every server.
func (v Value) AppendText(b []byte) ([]byte, bool) {
	switch v.Kind() {
	case ValueInt:
		return strconv.AppendInt(b, v.int(), 10), true
	case ValueUint:
		return strconv.AppendUint(b, v.uint(), 10), true
	case ValueFloat:
		return v.float(b), true
	case ValueTime:
		if v.Type == mysql.MYSQL_TYPE_TIME {
			return v.clock(b)
		}
		return v.date(b)
	}
	return append(b, v.Data...), true
}

func (v Value) uint() uint64 {
	var wide [8]byte
	copy(wide[:], v.Data)
	return binary.LittleEndian.Uint64(wide[:])
}

func (v Value) int() int64 {
	unused := 64 - 8*len(v.Data)
	return int64(v.uint()<<unused) >> unused
}

// float writes the shortest digits that are the same number.
func (v Value) float(b []byte) []byte {
	bits, f := 64, math.Float64frombits(v.uint())
	if v.Type == mysql.MYSQL_TYPE_FLOAT {
		bits, f = 32, float64(math.Float32frombits(uint32(v.uint())))
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, bits)
}

// date appends DATE, DATETIME and TIMESTAMP. Parts that were not sent are zero.
func (v Value) date(b []byte) ([]byte, bool) {
	n, c := len(v.Data), cursor{b: v.Data}
	year, month, day := c.u16(), c.u8(), c.u8()
	if n != 0 && n != 4 && n != 7 && n != 11 || year > 9999 || month > 12 || day > 31 {
		return b, false
	}
	b = appendDigits(b, uint64(year), 4)
	b = appendDigits(append(b, '-'), uint64(month), 2)
	b = appendDigits(append(b, '-'), uint64(day), 2)
	if v.Type == mysql.MYSQL_TYPE_DATE {
		return b, n <= 4 // servers differ on a time in it
	}
	return c.clock(append(b, ' '), 0)
}

// clock appends TIME. Days are hours.
func (v Value) clock(b []byte) ([]byte, bool) {
	n, c := len(v.Data), cursor{b: v.Data}
	if n != 0 && n != 8 && n != 12 {
		return b, false
	}
	if c.u8() != 0 {
		b = append(b, '-')
	}
	return c.clock(b, uint64(c.u32())*24)
}

// clock appends the hours, minutes, seconds and perhaps microseconds that are left.
func (c *cursor) clock(b []byte, hours uint64) ([]byte, bool) {
	hour, minute, second := c.u8(), c.u8(), c.u8()
	hours += uint64(hour)
	if hour > 23 || minute > 59 || second > 59 || hours > maxHours {
		return b, false
	}
	b = appendDigits(b, hours, 2)
	b = appendDigits(append(b, ':'), uint64(minute), 2)
	b = appendDigits(append(b, ':'), uint64(second), 2)
	if len(c.b) == 0 {
		return b, true
	}
	micro := c.u32()
	return appendDigits(append(b, '.'), uint64(micro), 6), micro < 1e6
}

// maxHours is what TIME holds; servers make more of it that much.
const maxHours = 838

// appendDigits appends n with at least so many digits.
func appendDigits(b []byte, n uint64, width int) []byte {
	var all [20]byte
	at := len(all)
	for ; n > 0 || width > 0; n, width = n/10, width-1 {
		at--
		all[at] = byte('0' + n%10)
	}
	return append(b, all[at:]...)
}
