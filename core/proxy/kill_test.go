package proxy

import (
	"bytes"
	"strconv"
	"testing"
)

func TestOnlyAPlainKILLIsRecognized(t *testing.T) {
	type kill struct {
		id    uint32
		query bool
		found bool
	}
	for sql, want := range map[string]kill{
		"KILL 5":                            {5, false, true},
		"kill 2147483649":                   {2147483649, false, true},
		"KILL CONNECTION 5":                 {5, false, true},
		"KILL QUERY 5":                      {5, true, true},
		"\n KILL\tQuery\r\n 77 ; ;":         {77, true, true},
		"KILL HARD QUERY 5":                 {5, true, true},
		"KILL SOFT CONNECTION 5;":           {5, false, true},
		"KILL TIDB 5":                       {5, false, true},
		"KILL TIDB QUERY 5":                 {5, true, true},
		"KILL 4294967295":                   {4294967295, false, true},
		"KILL 4294967296":                   {},
		"KILL -5":                           {},
		"KILL 5, 6":                         {},
		"KILL 5 6":                          {},
		"KILL":                              {},
		"KILL QUERY":                        {},
		"KILL USER app":                     {},
		"KILL QUERY ID 5":                   {},
		"KILL CONNECTION_ID()":              {},
		"KILL 5 -- five":                    {},
		"KILLER 5":                          {},
		"SELECT 5":                          {},
		"":                                  {},
		"KILL 5; DROP TABLE t; SELECT 1; 5": {},
		"KILL " + string(bytes.Repeat([]byte("0"), 80)) + "5": {},
	} {
		id, query, at, ok := parseKill([]byte(sql))
		if got := (kill{id, query, ok}); got != want {
			t.Errorf("%q: %+v, want %+v", sql, got, want)
		}
		if ok {
			if n, err := strconv.ParseUint(sql[at.from:at.to], 10, 32); err != nil || uint32(n) != id {
				t.Errorf("%q: the number is said to be %q", sql, sql[at.from:at.to])
			}
		}
	}
}

// Whatever is recognized must be the same KILL with another number in the number's place.
func FuzzParseKill(f *testing.F) {
	for _, s := range []string{"KILL 5", "kill query 2147483650;", "KILL HARD CONNECTION 1", "KILL TIDB 7", "KILL 0x5", "KILL 5;5"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sql []byte) {
		id, query, at, ok := parseKill(sql)
		if !ok {
			return
		}
		if at.from < 0 || at.to > len(sql) || at.from >= at.to {
			t.Fatalf("%q: span %+v", sql, at)
		}
		const other = 3000000000
		changed := append(strconv.AppendUint(bytes.Clone(sql[:at.from]), other, 10), sql[at.to:]...)
		id2, query2, _, ok := parseKill(changed)
		if len(changed) <= 64 && (!ok || id2 != other || query2 != query) {
			t.Fatalf("%q of %d became %q of %d, %v", sql, id, changed, id2, ok)
		}
	})
}

func TestUSEIsRecognizedAsServersReadIt(t *testing.T) {
	for sql, want := range map[string]string{
		"USE app": "app", "use `app`": "app", "use`a``b`": "a`b", " use  app ; ": "app",
		"/* hint */ USE app": "app", "USE": "", "used app": "", "SELECT 1": "", "use\tapp": "app", "use\napp": "app",
	} {
		got, ok := useStatement([]byte(sql))
		if string(got) != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", sql, got, ok, want)
		}
	}
}
