package proxy

import (
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
)

func TestOnlyWhatTheSessionHasDrawnIsItsOwn(t *testing.T) {
	m := stmt.Mode{Flavour: stmt.MariaDB, Version: 101100, Charset: stmt.CharsetUTF8}
	s := &session{}
	s.Schema = "app"
	for _, sql := range []string{"SELECT NEXTVAL(a)", "INSERT INTO t VALUES (NEXT VALUE FOR other.b)", "SELECT NEXTVAL(c) FROM r"} {
		s.drawn = s.draws(s.drawn, stmt.Analyze(m, []byte(sql)))
	}
	for sql, want := range map[string]bool{
		"SELECT LASTVAL(a)":                   true,
		"SELECT PREVIOUS VALUE FOR app.a":     true,
		"INSERT INTO x VALUES (LASTVAL(a))":   true,
		"SELECT LASTVAL(other.b), LASTVAL(c)": true,
		"SELECT LASTVAL(b)":                   false,
		"SELECT LASTVAL(r)":                   false,
		"SELECT LASTVAL(a), LASTVAL(d)":       false,
		"SELECT CAST(LASTVAL(a) AS INT)":      false,
	} {
		if got := s.drewAll(s.drawn, stmt.Analyze(m, []byte(sql))); got != want {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
}
