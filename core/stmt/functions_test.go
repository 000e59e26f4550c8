package stmt

import "testing"

// A MariaDB 10.11 with stored functions of these names calls them.
func TestNamesThatAreBuiltInOnlyInSomePlacesMayBeStoredFunctions(t *testing.T) {
	m := Mode{Flavour: MariaDB, Version: 101119, Charset: CharsetUTF8}
	for _, sql := range []string{
		"SELECT point(1)", "SELECT a + json_table(a) FROM t", "SELECT json_table (1)", "SELECT median (1)",
		"SELECT percentile_cont (1)", "SELECT 1 FROM t ORDER BY percentile_disc/**/(1)",
	} {
		if f := Analyze(m, []byte(sql)); f.ReadSafe || len(f.Functions) != 1 && !f.Opaque {
			t.Errorf("%s: safe %v, calls %v", sql, f.ReadSafe, f.Functions)
		}
	}
	for _, sql := range []string{
		"SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$')) AS j", "SELECT POINT(1, ABS(2))", "SELECT COUNT(*) FROM t",
	} {
		if f := Analyze(m, []byte(sql)); !f.ReadSafe {
			t.Errorf("%s: %s", sql, f.ReadReason)
		}
	}
}

// A read-only MariaDB refuses it for a column whose default is NEXTVAL(s).
func TestTheDefaultOfAColumnMayTakeANumberFromASequence(t *testing.T) {
	m := Mode{Flavour: MariaDB, Version: 101119, Charset: CharsetUTF8}
	for _, sql := range []string{"SELECT DEFAULT(a) FROM t", "SELECT 1 FROM t WHERE b = default ( t.a )", "SELECT (SELECT MAX(DEFAULT(`a`)) FROM t)"} {
		if f := Analyze(m, []byte(sql)); f.ReadSafe {
			t.Errorf("%s: %s", sql, f.ReadReason)
		}
	}
	if f := Analyze(m, []byte("INSERT INTO t VALUES (DEFAULT)")); f.Opaque || len(f.Functions) > 0 {
		t.Errorf("the word alone: %q, calls %v", f.OpaqueReason, f.Functions)
	}
}
