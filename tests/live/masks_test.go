package live

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
)

// kinds of columns, and whether a mask can leave something of their values.
var everyType = []struct {
	name, definition string
	text             bool
	values           []string
}{
	{"c_char", "CHAR(20)", true, []string{"'plain'", "'äöü€'", "''"}},
	{"c_varchar", "VARCHAR(300)", true, []string{"'x'", "REPEAT('é', 280)", "'日本語テキスト'"}},
	{"c_latin1", "VARCHAR(20) CHARACTER SET latin1", true, []string{"'äöüß'", "'a'", "'abcd'"}},
	{"c_text", "TEXT", true, []string{"'some text'", "REPEAT('long', 10000)", "''"}},
	{"c_longtext", "LONGTEXT", true, []string{"REPEAT('long', 50000)", "'short'", "''"}},
	{"c_binary", "VARBINARY(20)", true, []string{"x'00ff10'", "x'e4f6fcdf'", "''"}},
	{"c_blob", "BLOB", true, []string{"x'fefb00'", "REPEAT(x'ff', 300)", "''"}},
	{"c_enum", "ENUM('red','green')", true, []string{"'red'", "'green'", "'red'"}},
	{"c_set", "SET('a','b','c')", true, []string{"'a,b'", "''", "'c'"}},
	{"c_json", "JSON", true, []string{"'{\"a\":1}'", "'[]'", "'\"s\"'"}},
	{"c_uuid", "UUID", true, []string{"'123e4567-e89b-12d3-a456-426655440000'", "NULL", "NULL"}},
	{"c_inet6", "INET6", true, []string{"'::1'", "'2001:db8::ff00:42:8329'", "NULL"}},
	{"c_date", "DATE", true, []string{"'2024-02-29'", "'1999-12-31'", "'9999-12-31'"}},
	{"c_time", "TIME", true, []string{"'-838:59:59'", "'00:00:00'", "'12:34:56'"}},
	{"c_time6", "TIME(6)", true, []string{"'01:02:03.000004'", "'00:00:00'", "'-100:00:00.5'"}},
	{"c_datetime", "DATETIME", true, []string{"'2024-02-29 01:02:03'", "'2024-02-29'", "'1000-01-01 00:00:00'"}},
	{"c_datetime3", "DATETIME(3)", true, []string{"'2024-02-29 01:02:03.456'", "'2024-02-29'", "'1000-01-01 00:00:00.1'"}},
	{"c_timestamp", "TIMESTAMP(6) NULL", true, []string{"'2024-02-29 01:02:03.000001'", "'2024-02-29 01:02:03'", "NULL"}},
	{"c_tiny", "TINYINT", false, []string{"1", "-128", "127"}},
	{"c_small", "SMALLINT UNSIGNED", false, []string{"1", "65535", "0"}},
	{"c_medium", "MEDIUMINT", false, []string{"1", "-8388608", "0"}},
	{"c_int", "INT", false, []string{"1", "-2147483648", "0"}},
	{"c_big", "BIGINT UNSIGNED", false, []string{"1", "18446744073709551615", "0"}},
	{"c_decimal", "DECIMAL(20,5)", false, []string{"1.5", "-99999.00001", "0"}},
	{"c_float", "FLOAT", false, []string{"1.5", "-1e10", "0"}},
	{"c_double", "DOUBLE", false, []string{"1.5", "-1e100", "0"}},
	{"c_bit", "BIT(10)", false, []string{"b'1'", "b'1111111111'", "b'0'"}},
	{"c_year", "YEAR", false, []string{"1999", "2024", "1970"}},
	{"c_point", "POINT", false, []string{"POINT(1,2)", "POINT(-1,0)", "NULL"}},
}

// everyTable makes a table with a column of each type; its last row is all NULL.
func everyTable(t *testing.T, q querier, name string) {
	t.Helper()
	var defs, rows []string
	for _, c := range everyType {
		defs = append(defs, c.name+" "+c.definition)
	}
	for i := range 4 {
		row := []string{fmt.Sprint(i)}
		for _, c := range everyType {
			v := "NULL"
			if i < 3 {
				v = c.values[i]
			}
			row = append(row, v)
		}
		rows = append(rows, "("+strings.Join(row, ",")+")")
	}
	run(t, q, "CREATE OR REPLACE TABLE "+name+" (id INT NOT NULL, "+strings.Join(defs, ", ")+")")
	run(t, q, "INSERT INTO "+name+" VALUES "+strings.Join(rows, ", "))
}

// cells reads a whole result as bytes; nil is NULL.
func cells(t *testing.T, q interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, query string, args ...any) (all [][][]byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		t.Fatalf("%.200s: %v", query, err)
	}
	defer rows.Close()
	names, _ := rows.Columns()
	for rows.Next() {
		row, into := make([][]byte, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%.200s: %v", query, err)
	}
	return all
}

// maskedAs is what should become of a value that the server gives.
func maskedAs(how string, v []byte, text, utf bool) []byte {
	if v == nil || how == "null" || !text {
		return nil
	}
	switch how {
	case "hash":
		mac := hmac.New(sha256.New, []byte(maskKey))
		mac.Write(v)
		return []byte(hex.EncodeToString(mac.Sum(nil))[:32])
	case "const":
		return []byte(maskValue)
	}
	var chars []string
	if utf {
		for _, r := range string(v) {
			chars = append(chars, string(r))
		}
	} else {
		for _, b := range v {
			chars = append(chars, string([]byte{b}))
		}
	}
	for i := range chars {
		if len(chars) <= 3 || i >= 2 && i < len(chars)-1 {
			chars[i] = "*"
		}
	}
	return []byte(strings.Join(chars, ""))
}

func TestEveryTypeIsMaskedInBothProtocols(t *testing.T) {
	server := shared.MariaDB(t).Backend
	everyTable(t, app(t, server.Addr, params), "masked_types")
	bothWays(t, func(t *testing.T, slow bool) {
		m := maskingMesh(t, server, &masking{}, slow, "")
		for protocol, change := range map[string]func(*mysql.Config){"text": params, "binary": func(*mysql.Config) {}} {
			direct, through := session(t, app(t, server.Addr, change)), session(t, app(t, m.addr(), change))
			for _, c := range everyType {
				plain := cells(t, direct, "SELECT id, "+c.name+", id + 1000 FROM masked_types WHERE id >= ? ORDER BY id", 0)
				for _, how := range []string{"null", "hash", "keep", "const"} {
					query := fmt.Sprintf("SELECT id, %s AS %s_x, id + 1000 FROM masked_types WHERE id >= ? ORDER BY id", c.name, how)
					got := cells(t, through, query, 0)
					for i, row := range plain {
						value := row[1]
						if i < len(c.values) && c.values[i] == "''" {
							value = []byte{}
						}
						want := maskedAs(how, value, c.text, !strings.Contains(c.definition, "BINARY") && !strings.Contains(c.definition, "BLOB"))
						if how == "const" && want != nil {
							want = constant(c.definition, protocol)
						}
						if string(got[i][1]) != string(want) || (got[i][1] == nil) != (want == nil) {
							t.Errorf("%s, %s, %s of %.40q: %.40q, want %.40q", protocol, c.definition, how, row[1], got[i][1], want)
						}
						if string(got[i][0]) != string(row[0]) || string(got[i][2]) != string(row[2]) {
							t.Errorf("%s, %s, %s: beside it %q, want %q", protocol, c.definition, how, got[i], row)
						}
					}
				}
			}
		}
	})
}

// constant is the constant as a column of the type gives it: a date stays one.
func constant(definition, protocol string) []byte {
	if protocol == "text" {
		return []byte(maskValue)
	}
	switch {
	case strings.HasPrefix(definition, "DATETIME(3)"):
		return []byte(maskValue + " 00:00:00.000")
	case strings.HasPrefix(definition, "DATETIME"):
		return []byte(maskValue + " 00:00:00")
	case strings.HasPrefix(definition, "TIMESTAMP"):
		return []byte(maskValue + " 00:00:00.000000")
	}
	return []byte(maskValue)
}

// A chain that looks at everything and changes nothing gives what the server gives.
func TestWhatIsNotMaskedIsTheSame(t *testing.T) {
	server := shared.MariaDB(t).Backend
	everyTable(t, app(t, server.Addr, params), "unmasked_types")
	m := maskingMesh(t, server, &masking{}, false, "")
	for _, caps := range capsOfClients {
		through, direct := openMasked(t, m, server, caps), &raw{caps: caps}
		if err := direct.open(server.Addr, "app", "app"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = direct.Close() })
		for _, sql := range []string{
			"SELECT * FROM unmasked_types", "SELECT 1; SELECT 2, 3; DO 1; SELECT * FROM unmasked_types WHERE 0", "SELECT * FROM nowhere_else.x",
			"SELECT REPEAT('x', 1000), seq FROM seq_1_to_5000", "SELECT REPEAT('y', 300000) FROM seq_1_to_10", "SHOW TABLES", "SELECT 1/0", "SET @x = 1",
			"SELECT REPEAT('z', 15000000)", "SELECT 1; SELECT nothing", "CALL nothing_like_it()",
		} {
			want, got := direct.reply(t, core.Query, []byte(sql)), through.reply(t, core.Query, []byte(sql))
			if string(got) != string(want) {
				t.Errorf("caps %#x, %s: %.100q, want %.100q", uint64(caps), sql, got, want)
			}
		}
		text := []byte("SELECT * FROM unmasked_types")
		a, b := direct.prepare(t, text), through.prepare(t, text)
		if string(a[9:]) != string(b[9:]) {
			t.Errorf("caps %#x: the prepare differs", uint64(caps))
		}
		for range 2 {
			want, got := direct.reply(t, core.Execute, execute(statement(a))), through.reply(t, core.Execute, execute(statement(b)))
			if string(got) != string(want) {
				t.Errorf("caps %#x: the execute differs", uint64(caps))
			}
		}
	}
}

func TestALongMaskedResultComesWhole(t *testing.T) {
	server := shared.MariaDB(t).Backend
	n := atScale(20000, 100000, 500000)
	bothWays(t, func(t *testing.T, slow bool) {
		c := session(t, app(t, maskingMesh(t, server, &masking{}, slow, "").addr(), params))
		rows, err := c.QueryContext(context.Background(), fmt.Sprintf("SELECT seq, CONCAT('ü', seq, 'ß') AS keep_a, REPEAT('x', seq %% 300) AS hash_b, seq AS null_c, 'x' AS const_d FROM seq_1_to_%d", n))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		count := 0
		for rows.Next() {
			var seq int
			var keep, hash, constant string
			var null sql.NullString
			if err := rows.Scan(&seq, &keep, &hash, &null, &constant); err != nil {
				t.Fatal(err)
			}
			count++
			want := maskedAs("keep", fmt.Append(nil, "ü", seq, "ß"), true, true)
			if seq != count || keep != string(want) || len(hash) != 32 || null.Valid || constant != maskValue || utf8.RuneCountInString(keep) < 3 {
				t.Fatalf("row %d: %d %q %q %v %q", count, seq, keep, hash, null, constant)
			}
		}
		if err := rows.Err(); err != nil || count != n {
			t.Fatalf("%d rows, %v", count, err)
		}
	})
}
