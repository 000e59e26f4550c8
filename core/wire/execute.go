package wire

import "github.com/go-mysql-org/go-mysql/mysql"

// Flags of COM_STMT_EXECUTE and of a parameter's type.
const (
	paramCount    = 8    // the number of parameters is in the packet
	paramUnsigned = 0x80 // in the byte behind the type
	bulkTypes     = 0x80 // of a bulk execute: types are in the packet
)

// Execute decodes the parameters of COM_STMT_EXECUTE: Begin, then Next once for each
// parameter, then Rest. It is reused; what it gives is valid as long as the packet.
type Execute struct {
	// Types of the parameters, two bytes each as they were sent, and whether this packet
	// told them. Behind the statement's own may be those of query attributes.
	Types []byte
	Told  bool

	nulls  []byte
	pieces []byte
	count  int  // parameters and query attributes
	flag   int  // where the packet says whether it tells types
	bulk   bool // it is MariaDB's bulk execute
	at     int
	c      cursor
}

// Value is a parameter as it stands in the packet.
type Value struct {
	Type     byte // MySQL's number of the type; MYSQL_TYPE_NULL also for a NULL of another
	Unsigned bool
	Pieces   bool   // it was sent by COM_STMT_SEND_LONG_DATA; there is no Data
	Data     []byte // part of the packet, without a length before it
}

// Begin reads what stands before the values. b is the whole payload, n how many parameters
// the statement has, known their types as an execute before told them (nil for none), and
// pieces a bit for each parameter that was sent in pieces (nil for none). It says false for
// what is malformed, or what servers read differently.
func (e *Execute) Begin(b []byte, n int, caps Caps, known, pieces []byte) bool {
	if !e.Head(b, n, caps) || e.bulk {
		return false
	}
	e.pieces = pieces
	if e.count == 0 || e.Told {
		return true
	}
	e.Types = append(e.Types, known...)
	return len(e.Types) == 2*e.count
}

// Next gives the next parameter, false if it is malformed.
func (e *Execute) Next() (v Value, ok bool) {
	i := e.at
	if e.at++; i >= e.count {
		return v, false
	}
	flags := e.Types[2*i+1]
	v.Type, v.Unsigned = e.Types[2*i], flags&paramUnsigned != 0
	switch {
	case flags&^paramUnsigned != 0:
		return v, false
	case i/8 < len(e.pieces) && e.pieces[i/8]&(1<<(i%8)) != 0:
		v.Pieces = true
	case e.nulls[i/8]&(1<<(i%8)) != 0:
		v.Type = mysql.MYSQL_TYPE_NULL
	default:
		v.Data = e.c.param(v.Type)
	}
	return v, !e.c.bad
}

// Rest passes over query attributes and says whether the packet ends behind them.
func (e *Execute) Rest() bool {
	for e.at < e.count {
		if _, ok := e.Next(); !ok {
			return false
		}
	}
	return !e.c.bad && (e.count == 0 || len(e.c.b) == 0)
}

// param reads one value. Types that clients do not send, or that servers take for another
// length, are malformed.
func (c *cursor) param(kind byte) []byte {
	switch kind {
	case mysql.MYSQL_TYPE_TINY:
		return c.take(1)
	case mysql.MYSQL_TYPE_SHORT:
		return c.take(2)
	case mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_FLOAT:
		return c.take(4)
	case mysql.MYSQL_TYPE_LONGLONG, mysql.MYSQL_TYPE_DOUBLE:
		return c.take(8)
	case mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_DATETIME, mysql.MYSQL_TYPE_TIMESTAMP, mysql.MYSQL_TYPE_TIME:
		return c.take(int(c.u8()))
	case mysql.MYSQL_TYPE_DECIMAL, mysql.MYSQL_TYPE_NEWDECIMAL, mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_VAR_STRING,
		mysql.MYSQL_TYPE_STRING, mysql.MYSQL_TYPE_TINY_BLOB, mysql.MYSQL_TYPE_MEDIUM_BLOB, mysql.MYSQL_TYPE_LONG_BLOB,
		mysql.MYSQL_TYPE_BLOB:
		return c.block()
	}
	c.bad, c.b = true, nil
	return nil
}
