package stmt_test

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
)

// pieces are what mutations put into texts.
func pieces() []string {
	return []string{
		"'", "\"", "`", "\\", "/*", "*/", "/*!", "/*!50000", "/*!100100", "/*M!", "/*T!", "/*+", "--", "-- ", "#", "\n", " ", "\x00",
		"@", "@@", ":=", ".", ",", ";", "(", ")", "0x", "x'", "b'", "n'", "1e", "1.", ".5", "\\N", "é", "\xbf", "\xa0", "{", "?", "$", "BY", "NULL", "1",
	}
}

// random gives texts that are those of the corpus with some bytes cut out and pieces put
// in. The text is valid until the next call.
func random(seeds []string) func() []byte {
	rng := rand.New(rand.NewPCG(3, 4))
	parts := pieces()
	var buf []byte
	return func() []byte {
		buf = append(buf[:0], seeds[rng.IntN(len(seeds))]...)
		for range 1 + rng.IntN(4) {
			at := rng.IntN(len(buf) + 1)
			if rng.IntN(3) == 0 {
				buf = append(buf[:at], buf[min(len(buf), at+rng.IntN(6)):]...)
				continue
			}
			p := parts[rng.IntN(len(parts))]
			buf = append(buf, p...)
			copy(buf[min(at+len(p), len(buf)):], buf[at:len(buf)-len(p)])
			copy(buf[at:], p)
		}
		return buf
	}
}

// scaled is how much of a test runs, by DBMESH_TEST_SCALE.
func scaled(short, ci, full int) int {
	switch os.Getenv("DBMESH_TEST_SCALE") {
	case "ci":
		return ci
	case "full":
		return full
	}
	return short
}

// Any bytes have tokens that cover them, and no garbage is made.
func TestTheLexerTakesAnyBytes(t *testing.T) {
	count := scaled(200_000, 5_000_000, 100_000_000)
	next, modes := random(texts(t)), allModes()
	tokens := 0
	for i := range count {
		sql := next()
		end := 0
		for l := stmt.NewLexer(sql, modes[i%len(modes)]); ; {
			tok, ok := l.Next()
			if !ok {
				break
			}
			if tok.Start != end || tok.End <= tok.Start || tok.End > len(sql) {
				t.Fatalf("%q: token %+v behind %d", sql, tok, end)
			}
			end = tok.End
			tokens++
		}
		if end != len(sql) {
			t.Fatalf("%q: the tokens end at %d", sql, end)
		}
	}
	t.Logf("%d texts, %d tokens", count, tokens)
}

// What two texts with one shape are is the same, whatever stands in their literals.
func TestRandomTextsHaveTheFactsOfTheirShape(t *testing.T) {
	count := scaled(10_000, 200_000, 5_000_000)
	next := random(texts(t))
	for range count {
		sql := next()
		if theirs, ours, ok := sameDigest(string(sql)); !ok {
			t.Fatalf("%q\nshape %q\ntext  %s\nshape %s", sql, shape(string(sql), tidb()), theirs, ours)
		}
		f := stmt.Analyze(maria(), sql)
		if f.Opaque && f.ReadSafe {
			t.Fatalf("%q is opaque and safe", sql)
		}
		if f.Opaque {
			continue
		}
		if strings.HasSuffix(shape(string(sql), maria()), "--") {
			continue // it ends with two operators, where a text by itself would end with a comment
		}
		// Comments are part of what the cache looks up, and not of the shape.
		if g := stmt.Analyze(maria(), []byte(shape(string(sql), maria()))); g.Kind != f.Kind || f.ReadSafe && !g.ReadSafe && !g.Opaque {
			t.Fatalf("%q is %v %v, its shape %v %v (%s)", sql, f.Kind, f.ReadSafe, g.Kind, g.ReadSafe, g.ReadReason)
		}
	}
}
