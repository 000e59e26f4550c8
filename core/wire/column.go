package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// Flags of columns that a mask changes.
const (
	flagNotNull  = 1 << 0
	flagUnsigned = 1 << 5
	flagZerofill = 1 << 6
	flagBinary   = 1 << 7
	flagEnum     = 1 << 8
	flagStamp    = 1 << 10
	flagSet      = 1 << 11
	flagOnUpdate = 1 << 13
)

// Column is a column of a result as its definition says.
type Column struct {
	Schema, Table, OrgTable, Name, OrgName string

	Type     byte
	Charset  uint16 // id of a collation
	Flags    uint16
	Length   uint32 // the longest value's, in bytes
	Decimals byte

	names, fixed int // where in the payload what stands behind the names begins, and its last part
}

// fixedLen is the length of a definition's last part: charset, length, type, flags,
// decimals, and two bytes that mean nothing.
const fixedLen = 12

// ParseColumn decodes the payload of a column definition. The strings share one copy of it.
func ParseColumn(b []byte, caps Caps) (Column, error) {
	return parseColumn(b, string(b), caps)
}

// parseColumn takes the names out of text, which has the bytes of b.
func parseColumn(b []byte, text string, caps Caps) (Column, error) {
	c := cursor{b: b}
	name := func() string {
		n := len(c.block())
		end := len(b) - len(c.b)
		if c.bad {
			return ""
		}
		return text[end-n : end]
	}
	name() // the catalogue
	var k Column
	k.Schema, k.Table, k.OrgTable, k.Name, k.OrgName = name(), name(), name(), name(), name()
	k.names = len(b) - len(c.b)
	if caps.Has(ExtendedMeta) {
		c.block()
	}
	k.fixed = len(b) - len(c.b)
	length := c.u8()
	k.Charset, k.Length = c.u16(), c.u32()
	k.Type, k.Flags, k.Decimals = c.u8(), c.u16(), c.u8()
	if length < fixedLen-2 || length >= HeaderInfile {
		c.bad = true
	}
	return k, c.err()
}

// appendEdited appends the payload of a definition with k's type, charset, flags, length
// and decimals. plain leaves out what MariaDB says of the type beyond that.
func (k *Column) appendEdited(dst, payload []byte, plain bool, caps Caps) []byte {
	dst = append(dst, payload[:k.names]...)
	if plain && caps.Has(ExtendedMeta) {
		dst = append(dst, 0)
	} else {
		dst = append(dst, payload[k.names:k.fixed]...)
	}
	at := len(dst)
	dst = append(dst, payload[k.fixed:]...)
	f := dst[at+1:]
	binary.LittleEndian.PutUint16(f, k.Charset)
	binary.LittleEndian.PutUint32(f[2:], k.Length)
	f[6] = k.Type
	binary.LittleEndian.PutUint16(f[7:], k.Flags)
	f[9] = k.Decimals
	return dst
}

// temporal says whether values of the type are dates or times.
func temporal(t byte) bool {
	switch t {
	case mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_NEWDATE, mysql.MYSQL_TYPE_TIME, mysql.MYSQL_TYPE_DATETIME, mysql.MYSQL_TYPE_TIMESTAMP:
		return true
	}
	return false
}

// textual says whether values of the type are strings.
func textual(t byte) bool {
	switch t {
	case mysql.MYSQL_TYPE_VARCHAR, typeVarString, mysql.MYSQL_TYPE_STRING, mysql.MYSQL_TYPE_ENUM, mysql.MYSQL_TYPE_SET, mysql.MYSQL_TYPE_JSON:
		return true
	}
	return t >= mysql.MYSQL_TYPE_TINY_BLOB && t <= mysql.MYSQL_TYPE_BLOB
}

// width is how many bytes values of the type have in binary rows: lengthByte and
// lengthEncoded for those that say it themselves. It says false for an unknown type.
func width(t byte) (int, bool) {
	switch t {
	case mysql.MYSQL_TYPE_TINY:
		return 1, true
	case mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_YEAR:
		return 2, true
	case mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_FLOAT:
		return 4, true
	case mysql.MYSQL_TYPE_LONGLONG, mysql.MYSQL_TYPE_DOUBLE:
		return 8, true
	case mysql.MYSQL_TYPE_NULL:
		return 0, true
	case mysql.MYSQL_TYPE_DECIMAL, mysql.MYSQL_TYPE_NEWDECIMAL, mysql.MYSQL_TYPE_BIT, mysql.MYSQL_TYPE_GEOMETRY, mysql.MYSQL_TYPE_VECTOR:
		return lengthEncoded, true
	}
	if temporal(t) {
		return lengthByte, true
	}
	return lengthEncoded, textual(t)
}

const (
	lengthEncoded = -1
	lengthByte    = -2
)

// utf8Collation says whether a collation's characters are UTF-8, by MySQL's ids and MariaDB's.
func utf8Collation(id uint16) bool {
	switch {
	case id >= 1024 && id < 2048: // MariaDB's NOPAD twins
		id -= 1024
	case id >= 2048: // MariaDB's UCA 14.0: 256 ids for each of utf8mb3, utf8mb4 and others
		return id < 2048+2*256
	}
	switch id {
	case 33, 45, 46, 76, 83, 223, 576, 577, 578, 608, 609, 610:
		return true
	}
	return id >= 192 && id <= 215 || id >= 224 && id <= 247 || id >= 255 && id <= 323
}
