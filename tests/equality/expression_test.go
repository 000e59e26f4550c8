package equality

import (
	"fmt"
	"strconv"
)

func (g *generator) column() string { return g.one("n", "d", "f", "s", "b", "t") }

func (g *generator) integer() string {
	return g.one("NULL", "0", "1", "-1", "127", "255", "65536", "2147483647", "-2147483648", "9223372036854775807", strconv.Itoa(g.r.IntN(1000)))
}

func (g *generator) decimal() string {
	return g.one("NULL", "0.00000", "1.5", "-3.14159", "12345678901234.56789", fmt.Sprintf("%d.%05d", g.r.IntN(100), g.r.IntN(100000)))
}

func (g *generator) real() string {
	return g.one("NULL", "0e0", "1.5e0", "-2.25e10", "1e-5", "123456e0")
}

func (g *generator) text() string {
	return g.one("NULL", "''", "'a'", "'abc'", "'12'", "'1.5x'", "'Grüße'", "'日本'", "'it''s'", "'2020-01-02'", "x'00ff'", "'%'", "'a b'")
}

func (g *generator) moment() string {
	return g.one("NULL", "'2020-02-29 12:34:56.789'", "'1999-12-31 23:59:59'", "'2000-01-01'")
}

func (g *generator) literal() string {
	switch g.r.IntN(5) {
	case 0:
		return g.decimal()
	case 1:
		return g.text()
	case 2:
		return g.one("DATE'2020-01-02'", "TIME'10:11:12'", "TIMESTAMP'2020-01-02 03:04:05'", "TRUE", "FALSE", "NULL")
	}
	return g.integer()
}

func (g *generator) condition() string {
	switch g.r.IntN(5) {
	case 0:
		return g.column() + " IS " + g.one("", "NOT ") + "NULL"
	case 1:
		return fmt.Sprintf("id IN (%d, %d, %s)", g.r.IntN(20), g.r.IntN(20), g.integer())
	case 2:
		return fmt.Sprintf("s LIKE %s", g.text())
	case 3:
		return fmt.Sprintf("id BETWEEN %d AND %d", g.r.IntN(10), g.r.IntN(20))
	}
	return fmt.Sprintf("n %s %s", g.one("=", "<", ">", "<=>", "<>"), g.integer())
}

// expression makes an expression of at most the depth.
func (g *generator) expression(depth int) string {
	if depth == 0 || g.r.IntN(4) == 0 {
		return g.literal()
	}
	a, b := g.expression(depth-1), g.expression(depth-1)
	switch g.r.IntN(8) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", a, g.one("+", "-", "*", "/", "%", "DIV"), b)
	case 1:
		return fmt.Sprintf("(%s %s %s)", a, g.one("=", "<", ">", "<>", "<=>"), b)
	case 2:
		return fmt.Sprintf("%s(%s, %s)", g.one("CONCAT", "IFNULL", "NULLIF", "COALESCE", "LEFT", "POW", "MOD"), a, b)
	case 3:
		return fmt.Sprintf("%s(%s)", g.one("LENGTH", "UPPER", "HEX", "ABS", "FLOOR", "SIGN", "ISNULL", "REVERSE", "TRIM", "CRC32", "MD5", "YEAR", "QUOTE"), a)
	case 4:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", g.expression(0), a, b)
	case 5:
		return fmt.Sprintf("CAST(%s AS %s)", a, g.one("SIGNED", "UNSIGNED", "CHAR", "DECIMAL(10,2)", "DATE", "BINARY", "DATETIME", "DOUBLE"))
	case 6:
		return fmt.Sprintf("(SELECT %s)", a)
	}
	return fmt.Sprintf("(%s %s %s)", a, g.one("AND", "OR", "XOR", "&", "|", "^"), b)
}
