package state_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/state"
)

// FuzzRan checks what must hold for any text: one of two answers, and the same one that
// Pins gave before; the only text that is kept is a SET NAMES of three plain words.
func FuzzRan(f *testing.F) {
	for _, s := range []string{
		"SELECT 1", "/* x */ SET NAMES utf8mb4", "set names 'latin1' ;", "SET NAMES utf8 COLLATE x", "/*!1 SET @a=1*/",
		"SET NAMES utf8;DROP", "(SELECT 1)", "use `a`", "/*", "/**/", "-- x\nSELECT 1", "SET NAMES 'a''b'", "SET\tNAMES\nbinary",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sql []byte) {
		var s state.Session
		before := bytes.Clone(sql)
		pins := s.Pins(sql, false)
		s.Ran(sql, false)
		if !bytes.Equal(sql, before) {
			t.Fatal("the text was changed")
		}
		if (s.Pin() != "") != pins {
			t.Fatalf("%q: Pins says %v, Ran %q", sql, pins, s.Pin())
		}
		names := string(s.Names())
		if names != "" {
			words := strings.Fields(names)
			if pins || len(words) < 3 || !strings.EqualFold(words[0]+words[1], "setnames") || strings.ContainsAny(words[2], "@()\\/*#-") {
				t.Fatalf("%q is kept as %q, pins %v", sql, names, pins)
			}
		}
		s.Failed()
		if s.Names() != nil {
			t.Fatalf("%q: the names of a statement that failed are kept", sql)
		}
		// Whatever follows can't unpin.
		s.Ran([]byte("SELECT 1"), false)
		if pins && s.Pin() == "" {
			t.Fatalf("%q: unpinned by a SELECT", sql)
		}
	})
}
