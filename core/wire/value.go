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
		if !v.plausible() {
			return b, false
		}
		return appendTemporal(b, v.Data, v.Type, 0xff)
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

// plausible says whether a date or time is one that every server takes for the same.
func (v Value) plausible() bool {
	n := len(v.Data)
	c := cursor{b: v.Data} // what was not sent is zero
	if v.Type == mysql.MYSQL_TYPE_TIME {
		c.u8()
		return (n == 0 || n == 8 || n == 12) && c.u32() <= timeDays && c.clock()
	}
	year, month, day := c.u16(), c.u8(), c.u8()
	return (n == 0 || n == 4 || (n == 7 || n == 11) && v.Type != mysql.MYSQL_TYPE_DATE) &&
		year <= 9999 && month <= 12 && day <= 31 && c.clock()
}

// clock says whether a time of day is one.
func (c *cursor) clock() bool {
	hour, minute, second := c.u8(), c.u8(), c.u8()
	return hour <= 23 && minute <= 59 && second <= 59 && c.u32() < 1e6
}
