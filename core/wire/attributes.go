package wire

import "github.com/go-mysql-org/go-mysql/mysql"

// QueryAttr finds a query attribute in a COM_QUERY's payload that carries some
// (CLIENT_QUERY_ATTRIBUTES), its command byte included: the first of that name, as servers
// take it. The text is part of b, and empty for an attribute that is no string. It says false
// where there is none of the name, for NULL, and where SkipQueryAttrs does.
func QueryAttr(b []byte, name string) (text []byte, found bool) {
	end, ok := SkipQueryAttrs(b)
	if !ok {
		return nil, false
	}
	c := cursor{b: b[1:end]}
	count := int(c.lenenc())
	c.lenenc()
	if count == 0 {
		return nil, false
	}
	nulls := c.take((count + 7) / 8)
	c.u8()
	names := c // goes over types and names once more, beside their values
	for range count {
		c.u16()
		c.block()
	}
	for i := range count {
		kind := byte(names.u16())
		here := string(names.block()) == name
		if nulls[i/8]&(1<<(i%8)) != 0 {
			if here {
				return nil, false
			}
			continue
		}
		from := c
		c.value(kind)
		if here {
			return from.textual(kind), !c.bad
		}
	}
	return nil, false
}

// textual reads one value if it is a string.
func (c *cursor) textual(kind byte) []byte {
	switch kind {
	case mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_VAR_STRING, mysql.MYSQL_TYPE_STRING, mysql.MYSQL_TYPE_TINY_BLOB,
		mysql.MYSQL_TYPE_MEDIUM_BLOB, mysql.MYSQL_TYPE_LONG_BLOB, mysql.MYSQL_TYPE_BLOB:
		return c.block()
	}
	return nil
}
