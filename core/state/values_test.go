package state_test

import (
	"strings"
	"testing"

	protocol "github.com/go-mysql-org/go-mysql/mysql"

	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

const (
	utf8mb4 = 45
	latin1  = 8
	swe7    = 10
	utf16   = 54
)

func column(t byte, charset uint16) wire.Column { return wire.Column{Type: t, Charset: charset} }

func TestValuesAreWrittenAsTheyCanBeSet(t *testing.T) {
	const text, number, real = protocol.MYSQL_TYPE_VAR_STRING, protocol.MYSQL_TYPE_LONGLONG, protocol.MYSQL_TYPE_DOUBLE
	for _, tc := range []struct {
		name    string
		column  wire.Column
		value   any
		want    string
		refused bool
	}{
		{"a", column(text, utf8mb4), "ANSI,TRADITIONAL", "'ANSI,TRADITIONAL'", false},
		{"a", column(text, utf8mb4), "it's", "'it''s'", false},
		{"a", column(text, utf8mb4), "'", "''''", false},
		{"a", column(text, utf8mb4), "a?b", "'a?b'", false},
		{"a", column(text, latin1), "a?b", "", true}, // ? may stand for what latin1 has not
		{"a", column(text, swe7), "a@b", "", true},
		{"a", column(text, latin1), "+02:00", "'+02:00'", false},
		{"a", column(text, utf16), "\x00a", "", true},
		{"a", column(text, utf8mb4), "", "SPACE(0)", false},
		{"a", column(text, utf8mb4), nil, "NULL", false},
		{"a", column(text, utf8mb4), `a\b`, "", true},
		{"a", column(text, utf8mb4), "ä", "", true},
		{"a", column(text, utf8mb4), "a\x00", "", true},
		{"a", column(text, utf8mb4), strings.Repeat("x", 5000), "", true},
		{"a", column(text, utf8mb4), "12", "'12'", false},
		{"a", column(number, 63), "18446744073709551615", "18446744073709551615", false},
		{"a", column(number, 63), "-1", "-1", false},
		{"a", column(real, 63), "1.795405670338445e+09", "1.795405670338445e+09", false},
		{"a", column(real, 63), "1e-7", "1e-7", false},
		{"a", column(real, 63), "nan", "", true},
		{"a", column(real, 63), "1.", "", true},
		{"a", column(number, 63), "", "", true},
		{"a", column(number, 63), "1 OR 1", "", true},
		{"a", column(protocol.MYSQL_TYPE_GEOMETRY, 63), "x", "'x'", false},
		{"character_set_client", column(text, utf8mb4), "gbk", "'gbk'", false},
		{"character_set_results", column(text, utf8mb4), nil, "NULL", false},
		{"character_set_client", column(text, utf8mb4), "swe7", "", true},
		{"collation_connection", column(text, utf8mb4), "ucs2_general_ci", "", true},
		{"collation_connection", column(text, utf8mb4), "utf8mb3_general_ci", "'utf8mb3_general_ci'", false},
		{"wait_timeout", column(number, 63), "28800", "28800", false},
		{"wait_timeout", column(number, 63), "30", "", true},
		{"max_statement_time", column(real, 63), "0.000000", "0.000000", false},
		{"max_statement_time", column(real, 63), "30.5", "30.5", false},
		{"max_statement_time", column(real, 63), "0.010000", "", true},
		{"max_execution_time", column(number, 63), "5", "", true},
		{"max_session_mem_used", column(number, 63), "8192", "", true},
		{"tidb_mem_quota_query", column(number, 63), "-1", "-1", false},
		{"tidb_mem_quota_query", column(number, 63), "128", "", true},
	} {
		row := [][]byte{nil}
		if s, ok := tc.value.(string); ok {
			row[0] = []byte(s)
		}
		got, ok := state.ParseValues([]string{tc.name}, []wire.Column{tc.column}, row)
		if ok == tc.refused || ok && got[0] != tc.want {
			t.Errorf("%s = %q: %q, %v, want %q", tc.name, tc.value, got, ok, tc.want)
		}
	}
	if _, ok := state.ParseValues([]string{"a", "b"}, []wire.Column{column(text, utf8mb4)}, [][]byte{[]byte("1")}); ok {
		t.Error("a row that is too short is taken")
	}
}

// FuzzParseValues checks that what is written of a value is one literal, wherever it is
// read, and that it is the value.
func FuzzParseValues(f *testing.F) {
	for _, s := range []string{"", "a", "it's", `\`, "'", "''", "ä", "1", "1e5", "-1.5", "x' OR '1", "\x00", "SPACE(0)", "NULL"} {
		f.Add([]byte(s), protocol.MYSQL_TYPE_VAR_STRING, uint16(utf8mb4))
		f.Add([]byte(s), protocol.MYSQL_TYPE_DOUBLE, uint16(63))
	}
	f.Fuzz(func(t *testing.T, value []byte, kind byte, charset uint16) {
		names := []string{"a"}
		got, ok := state.ParseValues(names, []wire.Column{column(kind, charset)}, [][]byte{value})
		if !ok {
			return
		}
		literal := got[0]
		switch inner, quoted := strings.CutPrefix(literal, "'"); {
		case quoted:
			inner, quoted = strings.CutSuffix(inner, "'")
			if !quoted || strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") || strings.Contains(inner, `\`) {
				t.Fatalf("%q is written as %s", value, literal)
			}
			if strings.ReplaceAll(inner, "''", "'") != string(value) {
				t.Fatalf("%q is written as %s", value, literal)
			}
		case value == nil:
			if literal != "NULL" {
				t.Fatalf("nothing is written as %s", literal)
			}
		case len(value) == 0:
			if literal != "SPACE(0)" {
				t.Fatalf("the empty string is written as %s", literal)
			}
		case literal != string(value) || strings.Trim(literal, "0123456789.eE+-") != "":
			t.Fatalf("%q is written as %s", value, literal)
		}
		var s state.Shadow
		w := &state.Worn{}
		w.LearnBase(names, []string{"5"})
		s.Learn(w, names, got)
		other := &state.Worn{}
		other.LearnBase(names, []string{"0.5"})
		sql := string(state.Difference(&s, other, nil))
		if want := "SET @@session.`a` = " + literal; sql != want && literal != "0.5" {
			t.Fatalf("%s, want %s", sql, want)
		}
	})
}
