package state_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
)

// FuzzRan checks what must hold for any text: Pins and Ran agree, a pin stays, what is
// repeated elsewhere is a SET NAMES of one plain name, and what is not understood pins.
func FuzzRan(f *testing.F) {
	for _, s := range []string{
		"SELECT 1", "/* x */ SET NAMES utf8mb4", "set names 'latin1' ;", "SET NAMES utf8 COLLATE x", "/*!1 SET @a=1*/",
		"SET NAMES utf8;DROP", "(SELECT 1)", "use `a`", "/*", "/**/", "-- x\nSELECT 1", "SET NAMES 'a''b'", "SET\tNAMES\nbinary",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sql []byte) {
		var s state.Session
		known := facts(string(sql))
		pins := s.Pins(known)
		s.Ran(known)
		if (s.Pin() != "") != pins {
			t.Fatalf("%q: Pins says %v, Ran %q", sql, pins, s.Pin())
		}
		if known.Opaque && !pins {
			t.Fatalf("%q is opaque and does not pin", sql)
		}
		if names := s.Names(); names != "" {
			words := strings.Fields(names)
			if pins || len(words) != 3 || words[0]+words[1] != "SETNAMES" || strings.ContainsAny(words[2], "@()\\/*#-;'\"") {
				t.Fatalf("%q is kept as %q, pins %v", sql, names, pins)
			}
		}
		s.Applied(known)
		s.Failed(known)
		if s.Names() != "" {
			t.Fatalf("%q: the names of a statement that failed are kept", sql)
		}
		// Whatever follows can't unpin.
		s.Ran(&core.Facts{Kind: core.StatementSelect})
		if pins && s.Pin() == "" {
			t.Fatalf("%q: unpinned by a SELECT", sql)
		}
	})
}
