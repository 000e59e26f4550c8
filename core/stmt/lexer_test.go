package stmt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
)

func maria() stmt.Mode {
	return stmt.Mode{Flavour: stmt.MariaDB, Version: 101119, Charset: stmt.CharsetUTF8}
}

// tokens shows the tokens that are not blank, a kind's letter before each.
func tokens(t testing.TB, sql string, m stmt.Mode) (shown, doubt string) {
	t.Helper()
	var out []string
	end := 0
	l := stmt.NewLexer([]byte(sql), m)
	for {
		tok, ok := l.Next()
		if !ok {
			break
		}
		if tok.Start != end || tok.End <= tok.Start || tok.End > len(sql) {
			t.Fatalf("%q: token %+v behind %d", sql, tok, end)
		}
		end = tok.End
		letter := "_CHwqsnuvmopI"[tok.Kind : tok.Kind+1]
		if tok.Live {
			letter = "L"
		}
		if tok.Kind != stmt.Blank {
			out = append(out, letter+sql[tok.Start:tok.End])
		}
	}
	if end != len(sql) {
		t.Fatalf("%q: the tokens end at %d of %d", sql, end, len(sql))
	}
	return strings.Join(out, "|"), l.Doubt()
}

func TestTokensAreThoseOfTheServer(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT c FROM sbtest1 WHERE id=1234":         "wSELECT|wc|wFROM|wsbtest1|wWHERE|wid|o=|n1234",
		"1.FROM":                                      "n1.|wFROM",
		"1e0FROM":                                     "n1e0|wFROM",
		"1eFROM 1e+5x .5 1.5e-3":                      "w1eFROM|n1e+5|wx|n.5|n1.5e-3",
		"t.1a.2 t .5 `t`.5":                           "wt|p.|w1a|p.|w2|wt|n.5|q`t`|n.5",
		"0x41 0xZZ 0X41 0b01 0b2 x'41' B'1'":          "n0x41|w0xZZ|w0X41|n0b01|w0b2|sx'41'|sB'1'",
		"n'a' _utf8'b' 'it''s' 'a\\'b'":               "sn'a'|w_utf8|s'b'|s'it''s'|s'a\\'b'",
		"@a @`b c` @'d' @@global.x @a.b":              "u@a|u@`b c`|u@'d'|v@@global|p.|wx|u@a.b",
		"a:=1 b->>'$.c' <=> != <> || && !":            "wa|o:=|n1|wb|o->>|s'$.c'|o<=>|o!=|o<>|o|||o&&|o!",
		"SELECT(a)FROM(t)":                            "wSELECT|p(|wa|p)|wFROM|p(|wt|p)",
		"\\N a\x0b\x0cb":                              "w\\N|wa|wb",
		"a--b -- c\n-- d":                             "wa|o-|o-|wb|C-- c|C-- d",
		"1--":                                         "n1|C--",
		"a # x\nb":                                    "wa|C# x|wb",
		"a/**/b/*/ c */d":                             "wa|C/**/|wb|C/*/ c */|wd",
		"/*!50000 a */ /*!99999 b */ /*! c */":        "L/*!50000|wa|L*/|C/*!99999 b */|L/*!|wc|L*/",
		"/*M!100100 a*/ /*!100100 b*/ /*M!999999 c*/": "L/*M!100100|wa|L*/|L/*!100100|wb|L*/|C/*M!999999 c*/",
		"/*!99999 a /* b */ c */ d":                   "C/*!99999 a /* b */ c */|wd",
		"/*!50000 a /* b */ c */ d":                   "L/*!50000|wa|C/* b */|wc|L*/|wd",
		"/*!123 a*/":                                  "L/*!|n123|wa|L*/",
		"/*T! a */ b":                                 "C/*T! a */|wb",
		"/*+ NO */ \"a\\\"b\"":                        "C/*+ NO */|s\"a\\\"b\"",
		"{oj a}":                                      "p{|woj|wa|p}",
		"é.ü":                                         "wé|p.|wü",
	} {
		if got, doubt := tokens(t, sql, maria()); got != want || doubt != "" {
			t.Errorf("%q\n got %s (%s)\nwant %s", sql, got, doubt, want)
		}
	}
}

func TestTheModeDecidesAboutQuotes(t *testing.T) {
	for _, tc := range []struct {
		sql, want string
		change    func(*stmt.Mode)
	}{
		{`"a\" b" c`, `s"a\" b"|wc`, func(*stmt.Mode) {}},
		{`"a\" b`, `q"a\"|wb`, func(m *stmt.Mode) { m.ANSIQuotes = true }},
		{`'a\' b`, `s'a\'|wb`, func(m *stmt.Mode) { m.NoBackslash = true }},
		{"/*+ X */ a", "H/*+ X */|wa", func(m *stmt.Mode) { m.Flavour, m.Version = stmt.MySQL, 80036 }},
		{"/*!80000 a*//*M! b*/", "L/*!80000|wa|L*/|C/*M! b*/", func(m *stmt.Mode) { m.Flavour, m.Version = stmt.MySQL, 80036 }},
		{"/*!80040 a*/b", "C/*!80040 a*/|wb", func(m *stmt.Mode) { m.Flavour, m.Version = stmt.MySQL, 80036 }},
		{"/*!99999 a*//*T! b*/", "L/*!99999|wa|L*/|L/*T!|wb|L*/", func(m *stmt.Mode) { m.Flavour = stmt.TiDB }},
	} {
		m := maria()
		tc.change(&m)
		if got, doubt := tokens(t, tc.sql, m); got != tc.want || doubt != "" {
			t.Errorf("%q\n got %s (%s)\nwant %s", tc.sql, got, doubt, tc.want)
		}
	}
}

func TestWhatServersMayReadInAnotherWayIsInDoubt(t *testing.T) {
	for _, tc := range []struct {
		sql    string
		change func(*stmt.Mode)
	}{
		{"SELECT 'a", nil}, {"SELECT `a", nil}, {"SELECT /* a", nil}, {"SELECT /*! a", nil}, {"a\x00b", nil}, {"a \\ b", nil},
		{"[t]", nil}, {"-- a\x00b", nil}, {"--\x01a", nil}, {"1.e5x 1.ex", nil}, {"/*! a /*! b */ c */", nil},
		{"a\xa0b", func(m *stmt.Mode) { m.Charset = stmt.CharsetSingle }},
		{"'\xbf\\' or 1", func(m *stmt.Mode) { m.Charset = stmt.CharsetUnknown }},
		{"/*! a */", func(m *stmt.Mode) { m.Flavour = stmt.FlavourUnknown }},
		{"/*!100100 a */", func(m *stmt.Mode) { m.Flavour = stmt.MySQL }},
		{"/*!50000 a */", func(m *stmt.Mode) { m.Version = 0 }},
		{"/*T![clustered_index] a */", func(m *stmt.Mode) { m.Flavour = stmt.TiDB }},
		{`"a"`, func(m *stmt.Mode) { m.QuotesUnsure = true }},
		{`"a\""`, func(m *stmt.Mode) { m.Flavour = stmt.MySQL }},
	} {
		m := maria()
		if tc.change != nil {
			tc.change(&m)
		}
		if got, doubt := tokens(t, tc.sql, m); doubt == "" {
			t.Errorf("%q is not in doubt: %s", tc.sql, got)
		}
	}
	m := maria()
	m.Charset = stmt.CharsetSingle
	if _, doubt := tokens(t, "'\xe9'", m); doubt != "" {
		t.Errorf("a letter of latin1 in quotes: %s", doubt)
	}
}

func TestTheServersVersionMakesTheMode(t *testing.T) {
	for version, want := range map[string]string{
		"5.5.5-10.11.19-MariaDB-0+deb12u1": "mariadb 101119",
		"11.4.2-MariaDB":                   "mariadb 110402",
		"8.0.11-TiDB-v8.5.0":               "tidb 80011",
		"8.0.36":                           "mysql 80036",
		"8.4.0-commercial":                 "mysql 80400",
		"strange":                          "mysql 0",
		"99999.1.1":                        "mysql 0",
	} {
		m := stmt.ServerMode(version)
		if got := fmt.Sprint(m.Flavour, " ", m.Version); got != want || m.Charset != stmt.CharsetUnknown {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}
