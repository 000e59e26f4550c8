package wire

import "github.com/go-mysql-org/go-mysql/mysql"

// SkipQueryAttrs finds the SQL text of a COM_QUERY's payload that carries query attributes
// (CLIENT_QUERY_ATTRIBUTES), its command byte included: the text begins at n. ok is false
// if the attributes are malformed or not wholly in b.
func SkipQueryAttrs(b []byte) (n int, ok bool) {
	c := cursor{b: b}
	c.u8()
	count := c.lenenc()
	c.lenenc() // number of parameter sets, always 1
	if c.bad || count > uint64(len(b)) {
		return 0, false
	}
	if count > 0 {
		nulls := c.take(int(count+7) / 8)
		if c.u8() != 1 || c.bad {
			return 0, false
		}
		types := make([]byte, 0, 16)
		for range count {
			types = append(types, byte(c.u16()))
			if c.block(); c.bad { // a count that lies must not make types grow
				return 0, false
			}
		}
		for i, t := range types {
			if nulls[i/8]&(1<<(i%8)) == 0 {
				c.value(t)
			}
		}
	}
	return len(b) - len(c.b), !c.bad
}

// value passes over one value in the binary protocol's form.
func (c *cursor) value(kind byte) {
	switch kind {
	case mysql.MYSQL_TYPE_NULL:
	case mysql.MYSQL_TYPE_TINY:
		c.take(1)
	case mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_YEAR:
		c.take(2)
	case mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_FLOAT:
		c.take(4)
	case mysql.MYSQL_TYPE_LONGLONG, mysql.MYSQL_TYPE_DOUBLE:
		c.take(8)
	case mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_DATETIME, mysql.MYSQL_TYPE_TIMESTAMP, mysql.MYSQL_TYPE_TIME:
		c.take(int(c.u8()))
	default:
		c.block()
	}
}
