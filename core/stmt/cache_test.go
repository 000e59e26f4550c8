package stmt_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
)

func TestAShapeThatComesTwiceIsKept(t *testing.T) {
	c := stmt.NewClassifier(0)
	for i := range 4 {
		f := c.Classify(maria(), fmt.Appendf(nil, "SELECT a FROM t WHERE b = %d", i), false)
		if len(f.Tables) != 1 || f.Tables[0].Name != "t" || !f.ReadSafe {
			t.Fatalf("%+v", f)
		}
	}
	if s := c.Stats(); s.Entries != 1 || s.Hits != 2 || s.Misses != 2 || s.Bytes < 500 {
		t.Errorf("%+v", s)
	}
}

func TestOneTextHasItsOwnFactsInEachMode(t *testing.T) {
	c := stmt.NewClassifier(0)
	ansi, gbk, mysql := maria(), maria(), maria()
	ansi.ANSIQuotes = true
	gbk.Charset = stmt.CharsetUnknown
	mysql.Flavour, mysql.Version = stmt.MySQL, 80036
	const sql = "SELECT a FROM \"\xc3\xa9\" /*M! FOR UPDATE */"
	for range 3 {
		for m, want := range map[stmt.Mode]string{
			maria(): "opaque", // a string is no table
			ansi:    "locking",
			gbk:     "opaque",
			mysql:   "opaque",
		} {
			f := c.Classify(m, []byte(sql), false)
			if got := map[bool]string{true: "opaque", false: map[bool]string{true: "locking", false: "plain"}[f.Locking]}[f.Opaque]; got != want {
				t.Errorf("%+v: %s, want %s (%s)", m, got, want, f.OpaqueReason)
			}
		}
	}
}

func TestLiteralsThatDecideAreNeverTakenFromTheCache(t *testing.T) {
	c := stmt.NewClassifier(0)
	for range 3 {
		for _, value := range []string{"utf8mb4", "gbk", "latin1"} {
			f := c.Classify(maria(), []byte("SET NAMES '"+value+"'"), false)
			if len(f.Assignments) != 1 || f.Assignments[0].Value != value {
				t.Fatalf("SET NAMES '%s' has %+v", value, f.Assignments)
			}
		}
	}
}

func TestACutOffTextIsOpaque(t *testing.T) {
	f := stmt.NewClassifier(0).Classify(maria(), []byte("INSERT INTO t VALUES ('"+strings.Repeat("x", 100_000)), true)
	if !f.Opaque || f.ReadSafe || len(f.Pins) == 0 || f.Kind.String() != "insert" {
		t.Errorf("%+v", f)
	}
}

// A million shapes pass through while a hot set is in use.
func TestTheCacheStaysSmallAndKeepsWhatIsUsed(t *testing.T) {
	const limit, hot = 4 << 20, 500
	shapes := scaled(100_000, 1_000_000, 1_000_000)
	c := stmt.NewClassifier(limit)
	warm := func(i int) []byte { return fmt.Appendf(nil, "SELECT c%d FROM hot WHERE id = 1", i) }
	for range 2 {
		for i := range hot {
			c.Classify(maria(), warm(i), false)
		}
	}
	var hits, asked uint64
	for i := range shapes {
		cold := fmt.Appendf(nil, "FROB x%d", i) // short, since each costs the whole analysis
		for range 1 + i%2 {                     // every second one is admitted
			c.Classify(maria(), cold, false)
		}
		if i%4 == 0 {
			asked++
			h := c.Stats()
			c.Classify(maria(), warm(i/4%hot), false)
			hits += c.Stats().Hits - h.Hits
		}
		if i%10_000 == 0 {
			if s := c.Stats(); s.Bytes > limit {
				t.Fatalf("after %d shapes: %+v", i, s)
			}
		}
	}
	if s := c.Stats(); s.Bytes > limit || s.Entries < 1000 {
		t.Errorf("%+v", s)
	}
	if rate := float64(hits) / float64(asked); rate <= 0.99 {
		t.Errorf("the hot set was found in %.2f %% of %d lookups", 100*rate, asked)
	} else {
		t.Logf("hot set: %.3f %% of %d; %+v", 100*rate, asked, c.Stats())
	}
}

func TestTheCacheServesManyAtOnce(t *testing.T) {
	c := stmt.NewClassifier(200 << 10)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 2000 {
				n := (i*7 + g) % 400
				f := c.Classify(maria(), fmt.Appendf(nil, "SELECT a FROM t%d LIMIT %d", n, i), false)
				if len(f.Tables) != 1 || f.Tables[0].Name != fmt.Sprint("t", n) || !f.Limit {
					t.Errorf("t%d: %+v", n, f)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestACachedClassificationAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector drops what is pooled")
	}
	c := stmt.NewClassifier(0)
	for name, sql := range map[string][]byte{
		"point select": []byte(pointSelect), "join": []byte(join()), "SET": []byte("SET NAMES utf8mb4"), "doubt": []byte("SELECT 'a"),
		"comment": []byte("SELECT /*!40001 SQL_NO_CACHE */ a FROM t"), "several": []byte("SELECT 1; SELECT 2"),
	} {
		c.Classify(maria(), sql, false) // the second sight, that of AllocsPerRun's first run, is kept
		if n := testing.AllocsPerRun(100, func() { c.Classify(maria(), sql, false) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestTheLexerAllocatesNothing(t *testing.T) {
	for _, sql := range texts(t) {
		b := []byte(sql)
		if n := testing.AllocsPerRun(1, func() {
			l := stmt.NewLexer(b, maria())
			for _, ok := l.Next(); ok; _, ok = l.Next() {
			}
		}); n != 0 {
			t.Fatalf("%q: %v allocations", sql, n)
		}
	}
}
