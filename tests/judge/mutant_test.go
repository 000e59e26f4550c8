package judge

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/stmt"
)

// intruders are put between two tokens: most of what they make is no SQL, some of it is
// SQL that must not run on a replica.
var intruders = []string{
	" FOR UPDATE ", " FOR SHARE ", " LOCK IN SHARE MODE ", " INTO @m ", " INTO OUTFILE '/nowhere/m' ", " @m := ", ", @m := 1 ",
	", GET_LOCK('m', 0) ", ", `get_lock`('m', 0) ", " OR GET_LOCK('m', 0) ", ", f() ", ", count (1) ", ", app . total (1) ",
	", NEXTVAL(seq) ", ", NEXT VALUE FOR seq ", ", LAST_INSERT_ID(7) ", ", (SELECT 1 FROM u LIMIT 1 FOR UPDATE) ",
	"; DELETE FROM t ", "; SET @m = 1; ", " UNION SELECT f() ", " PROCEDURE ANALYSE() ", " SQL_CALC_FOUND_ROWS ",
	"/*! FOR UPDATE */", "/*!50000 INTO @m */", "/*M! FOR UPDATE */", "/*!99999 */ FOR UPDATE ", "/*! , GET_LOCK('m', 0) */",
	"/* /*! */ FOR UPDATE ", "-- x\n FOR UPDATE ", "# x\n INTO @m ", "/*!100100 LOCK IN SHARE MODE*/", "/*", "*/", "'", "\"", "`",
	"\\", ";", "(", ")", "--", "#", "\x00", "\xa0", "\\'", "/*!", "/*M!", "ANALYZE ", "{x f()}", " `x` ", " FOR ", " UPDATE ", " INTO ",
}

// values stand in for a number.
var values = []string{
	"(@m := 1)", "GET_LOCK('m', 0)", "get_lock ('m', 0)", "f()", "`f`()", "test.f()", "count (1)", "NEXTVAL(seq)", "LAST_INSERT_ID(3)",
	"(SELECT f())", "(SELECT a FROM t LIMIT 1 FOR UPDATE)", "{fn f()}", "IF(1, f(), 0)", "1.", "1e0", "/*!f()*/", "/*M!GET_LOCK('m', 0)*/ 1",
}

// blanks stand in for a blank.
var blanks = []string{
	"/**/", "/* x */", "\t", "\n", "\v", "\f", "\r", "-- x\n", "--\n", "#\n", "/*! */", "/*!50000 */", "/*!99999 x */", "/*M!*/", "/*m! x */", "",
}

// wraps are put around a word.
var wraps = []struct{ before, after string }{
	{"/*!", "*/"}, {"/*!50000", "*/"}, {"/*!50000 ", " */"}, {"/*!99999 ", " */"}, {"/*M!", "*/"}, {"/*M!100100 ", "*/"},
	{"/*!101100 ", "*/"}, {"/*!120000 ", "*/"}, {"`", "`"}, {"\"", "\""}, {"(", ")"}, {"'", "'"}, {"", "()"}, {"", " ()"}, {"test.", "()"},
}

// mutant makes one to three changes to a text, each by change. They follow the tokens of the lexer under
// test: where it errs the text is cut at another place, which is as good.
func mutant(r *rand.Rand, text string, m stmt.Mode, change func(*rand.Rand, stmt.TokenKind, string) string) string {
	for range 1 + r.IntN(3) {
		var tokens []stmt.Token
		l := stmt.NewLexer([]byte(text), m)
		for t, ok := l.Next(); ok; t, ok = l.Next() {
			tokens = append(tokens, t)
		}
		if len(tokens) == 0 {
			return text
		}
		t := tokens[r.IntN(len(tokens))]
		text = text[:t.Start] + change(r, t.Kind, text[t.Start:t.End]) + text[t.End:]
	}
	return text
}

// gently gives a token another form that mostly means the same.
func gently(r *rand.Rand, kind stmt.TokenKind, token string) string {
	switch {
	case kind == stmt.Blank:
		return pick(r, blanks)
	case kind == stmt.Word:
		return flipped(r, token)
	case kind == stmt.Number && r.IntN(2) == 0:
		return pick(r, values)
	}
	return token
}

// changed is a token in another form, or with something behind it.
func changed(r *rand.Rand, kind stmt.TokenKind, token string) string {
	if r.IntN(2) == 0 {
		switch kind {
		case stmt.Blank:
			return pick(r, blanks)
		case stmt.Number:
			return pick(r, values)
		case stmt.Word:
			if r.IntN(3) == 0 {
				return flipped(r, token)
			}
			w := wraps[r.IntN(len(wraps))]
			return w.before + token + w.after
		}
	}
	switch r.IntN(8) {
	case 0:
		return ""
	case 1:
		return token + " " + token
	case 2:
		i := r.IntN(len(token))
		return token[:i] + string([]byte{byte(r.IntN(256))}) + token[i+1:]
	default:
		return token + pick(r, intruders)
	}
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// flipped is a word in letters of both cases.
func flipped(r *rand.Rand, word string) string {
	return strings.Map(func(c rune) rune {
		if r.IntN(2) == 0 && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return c ^ 0x20
		}
		return c
	}, word)
}

// mutants are n changed forms of each text, the same each time.
func mutants(texts []*trial, version string, n int) []*trial {
	var all []*trial
	for i, t := range texts {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		for k := range n {
			one, change := *t, changed
			if k%2 == 1 {
				change = gently
			}
			one.from += " mutant " + strconv.Itoa(k)
			one.text = mutant(r, t.text, t.mode(version), change)
			all = append(all, &one)
		}
	}
	return all
}
