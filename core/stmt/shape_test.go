package stmt_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/pingcap/tidb/pkg/parser"
)

func shape(sql string, m stmt.Mode) string { return string(stmt.AppendNormal(nil, []byte(sql), m)) }

func tidb() stmt.Mode {
	return stmt.Mode{Flavour: stmt.TiDB, Version: 80011, Charset: stmt.CharsetUTF8}
}

func TestAShapeHasNoLiteralsAndShortLists(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT c FROM sbtest1 WHERE id=1234":                         "SELECT c FROM sbtest1 WHERE id=0",
		" select\t1 ;  ":                                              "select 0",
		"SELECT a -- x\nFROM/**/t/* y */WHERE b='x'":                  "SELECT a FROM t WHERE b='?'",
		"SELECT a IN (1,2,3,4), b IN ('x', 2, NULL)":                  "SELECT a IN (0,0), b IN ('?', 0)",
		"INSERT t VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d')":             "INSERT t VALUES (0,'?'),(0,'?')",
		"INSERT t VALUES (1),(2),(3),(now())":                         "INSERT t VALUES (0),(0),(now())",
		"SELECT a FROM t ORDER BY 1, b, 2 LIMIT 10, 20":               "SELECT a FROM t ORDER BY 1, b, 2 LIMIT 0, 0",
		"SELECT a FROM t GROUP BY (1), 2 HAVING a>5":                  "SELECT a FROM t GROUP BY (1), 2 HAVING a>0",
		"SELECT a FROM t ORDER BY FIELD(a,1,2,3), a=7":                "SELECT a FROM t ORDER BY FIELD(a,0,0), a=0",
		"SELECT count (*), x'41', N'a', _utf8'b', 0x41, .5, 1e-3, -1": "SELECT count (*), x'00', n'?', _utf8'?', 0, -0",
		"SELECT ?, ?, ? FROM t WHERE a=?":                             "SELECT ?, ?, ? FROM t WHERE a=?",
		"SET @a = 1, sql_mode = 'x'":                                  "SET @a = 1, sql_mode = 'x'",
		"KILL 17; SELECT 17; USE `a`":                                 "KILL 17;SELECT 0;USE `a`",
		"SELECT /*!40001 SQL_NO_CACHE */ a FROM t":                    "SELECT SQL_NO_CACHE a FROM t",
		"SELECT 'a'\"b\", 1 .0.":                                      "SELECT '?' '?', 0 0 .",
		"SELECT a FROM t WHERE b=1--/**/1 FOR UPDATE":                 "SELECT a FROM t WHERE b=0--0 FOR UPDATE",
		"SELECT 1.FROM t":                                             "SELECT 0 FROM t",
		"/* only */ -- this":                                          "",
	} {
		if got := shape(sql, maria()); got != want {
			t.Errorf("%q\n got %q\nwant %q", sql, got, want)
		}
	}
}

func TestAShapeIsItsOwnShape(t *testing.T) {
	for _, sql := range texts(t) {
		once := shape(sql, maria())
		if twice := shape(once, maria()); twice != once {
			t.Errorf("%q\n %q\n %q", sql, once, twice)
		}
	}
}

// texts gives the texts of the corpus.
func texts(t testing.TB) []string {
	all := corpus(t)
	out := make([]string, len(all))
	for i, e := range all {
		out[i] = e.SQL
	}
	return out
}

// sameDigest says whether TiDB's normaliser makes the same of a text and of its shape.
// Where the two lexers part by design, it says so.
func sameDigest(sql string) (theirs, ours string, ok bool) {
	l := stmt.NewLexer([]byte(sql), tidb())
	last, end := stmt.Token{}, 0
	for {
		tok, more := l.Next()
		if !more {
			break
		}
		if parts(tok, last, sql) {
			return "", "", true
		}
		if tok.Kind > stmt.Comment {
			last = tok
			if sql[tok.Start:tok.End] != ";" {
				end = tok.End // TiDB's digest keeps a semicolon behind which there is a comment
			}
		}
	}
	if l.Doubt() != "" {
		return "", "", true
	}
	theirs = parser.Normalize(sql[:end], "ON")
	ours = parser.Normalize(shape(sql, tidb()), "ON")
	return theirs, ours, theirs == ours
}

func TestAShapeHasTheDigestOfItsText(t *testing.T) {
	for _, sql := range texts(t) {
		if theirs, ours, ok := sameDigest(sql); !ok {
			t.Errorf("%q\ntext  %s\nshape %s", sql, theirs, ours)
		}
	}
}

func TestEqualShapesHaveEqualFacts(t *testing.T) {
	for _, sql := range texts(t) {
		a, b := stmt.Analyze(maria(), []byte(sql)), stmt.Analyze(maria(), []byte(shape(sql, maria())))
		if a.Kind != b.Kind || a.ReadSafe && !b.ReadSafe && !b.Opaque || a.Digest != b.Digest {
			t.Errorf("%q is %v, its shape %v", sql, a, b)
		}
	}
}

// parts says whether TiDB's lexer is known to read the token in another way.
func parts(tok, last stmt.Token, sql string) bool {
	switch text := sql[tok.Start:tok.End]; {
	case text == ";": // an empty statement is none here
		return last.End == 0 || sql[last.Start:last.End] == ";"
	case last.Kind == stmt.Number && last.End == tok.Start && (tok.Kind == stmt.Number || text == "."): // 0x1.5
		return true
	case last.Kind == stmt.Number && tok.Kind == stmt.Word && last.End == tok.Start: // 1e0FROM
		return true
	case tok.Kind == stmt.Word && last.Kind != stmt.Punct && last.End > 0 && sql[last.End-1] == '.': // 1. FROM, @a. FROM
		return true
	case tok.Kind == stmt.Word && '0' <= text[0] && text[0] <= '9' && tok.Start > 0 && sql[tok.Start-1] == '.': // t.1a
		return true
	case text == "." && last.Kind == stmt.Word, tok.Kind == stmt.Word && last.End > 0 && sql[last.Start:last.End] == ".":
		return strings.Trim(sql[last.End:tok.Start], " ") != "" // it looks for a dot behind blanks, not comments
	}
	return false
}
