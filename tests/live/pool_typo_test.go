package live

import "testing"

// A statement that the server could not read, or whose function is not there, has left nothing:
// its session keeps no connection. One that may have run in part keeps it.
func TestATypoKeepsNoConnection(t *testing.T) {
	m, server := own(t, "max: 1, queue_timeout: 100ms")
	server.SQL(t, "CREATE FUNCTION app.sets() RETURNS INT BEGIN SET @left = 1; RETURN nofunc(1); END")
	server.SQL(t, "CREATE PROCEDURE app.typo() BEGIN SET @left = 1; EXECUTE IMMEDIATE 'SELEC 1'; END")
	other := session(t, app(t, m.addr(), params))
	for sql, want := range map[string]struct{ code, other int }{
		"SELEC 1":                               {1064, 0},
		"SELEC COUNT(*) FROM t;":                {1064, 0},
		"SELECT * FROM (SELECT 1":               {1064, 0},
		"SELECT nofunc(1)":                      {1305, 0},
		"SELECT app.NoFunc(a) FROM t":           {1305, 0},
		"SELECT sets()":                         {1305, 1040},
		"CALL typo()":                           {1064, 1040},
		"SELECT @left := 1; SELEC 1":            {1064, 1040},
		"EXECUTE IMMEDIATE CONCAT('SEL', 'EC')": {1064, 1040},
	} {
		r := dialRaw(t, m.addr(), "app", "app")
		if err := r.query(sql); errno(err) != want.code {
			t.Errorf("%s: %v, want %d", sql, err, want.code)
		}
		if err := try(other, "SELECT 1"); code(err) != want.other {
			t.Errorf("behind %s another session has: %v, want %d", sql, err, want.other)
		}
		_ = r.Close()
		until(t, patience, "the session has ended", func() bool { return try(other, "SELECT 1") == nil })
	}
}
