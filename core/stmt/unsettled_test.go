package stmt

import "testing"

// The server reads each statement of a text by what those before it have set.
func TestATextThatChangesHowItsRestIsReadIsOpaque(t *testing.T) {
	m := Mode{Flavour: MariaDB, Version: 101119, Charset: CharsetUTF8}
	for sql, want := range map[string]bool{
		`SET sql_mode='NO_BACKSLASH_ESCAPES'; SELECT '\'; DELETE FROM t; -- '`:      true,
		`set @@session . SQL_MODE = 'ANSI_QUOTES'; SELECT "\"; DELETE FROM t; -- "`: true,
		"SET NAMES gbk; SELECT '\xe4\xbd\x5c', '; DELETE FROM t; -- '":              true,
		"SELECT 1; SET CHARACTER SET gbk; SELECT 'ü'":                               true,
		"CALL p(); SELECT 'ü'":           true,
		"SET NAMES utf8mb4; SELECT 'u'":  false,
		"SET @x = 1; SELECT 'ü'":         false,
		`SELECT 'a\'b'; SELECT 'ü'`:      false,
		`SELECT '\''; SET NAMES utf8mb4`: false,
	} {
		if f := Analyze(m, []byte(sql)); f.Opaque != want {
			t.Errorf("%q: opaque %v (%s)", sql, f.Opaque, f.OpaqueReason)
		}
		if f := NewClassifier(0).Classify(m, []byte(sql), false); f.Opaque != want {
			t.Errorf("%q: classified as opaque %v (%s)", sql, f.Opaque, f.OpaqueReason)
		}
	}
}

// What has a comment that servers execute is no read for a replica, alone or among others.
func TestEachStatementBesideAnExecutedCommentIsUnsafe(t *testing.T) {
	m := Mode{Flavour: MariaDB, Version: 101119, Charset: CharsetUTF8}
	for _, part := range Analyze(m, []byte("SELECT 1; SELECT /*! a, */ 2 FROM t")).Parts {
		if part.ReadSafe {
			t.Errorf("%s: %s", part.DigestText, part.ReadReason)
		}
	}
}
