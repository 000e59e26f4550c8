package judge

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// The schema that statements run in, beside app, and the ordinary user that runs them.
const (
	schema       = "test" // as some entries of the corpus call it
	user         = "reader"
	userPassword = "reader"
)

// settings are of a session: what the lexer must know.
type settings struct {
	charset           string
	ansi, noBackslash bool
}

// mode is that of a session with these settings on a server of the version.
func (s settings) mode(version string) stmt.Mode {
	m := stmt.ServerMode(version)
	m.ANSIQuotes, m.NoBackslash, m.Charset = s.ansi, s.noBackslash, stmt.ParseCharset(s.charset)
	return m
}

// court is a server that judges.
type court struct {
	*servers.Backend
	version string
	root    *link
}

// newCourt makes the schemas of the corpus and the user on a server.
func newCourt(t *testing.T, b *servers.Backend) *court {
	t.Helper()
	root, err := dial(b, "root", "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.close() })
	version, err := root.row("SELECT VERSION()")
	if err != nil {
		t.Fatal(err)
	}
	c := &court{Backend: b, version: version[0], root: root}
	c.reset(t)
	c.do(t, "DROP USER IF EXISTS "+user+"@'%'", "CREATE USER "+user+"@'%' IDENTIFIED BY '"+userPassword+"'",
		"GRANT ALL ON "+schema+".* TO "+user+"@'%'", "GRANT ALL ON app.* TO "+user+"@'%'", "GRANT FILE ON *.* TO "+user+"@'%'")
	return c
}

// reset makes the schemas anew.
func (c *court) reset(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(corpusDir, "schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	c.do(t, "DROP DATABASE IF EXISTS app", "DROP DATABASE IF EXISTS "+schema, "CREATE DATABASE "+schema, "USE "+schema, string(text))
	if c.Flavour != servers.FlavourMariaDB {
		return
	}
	// They write, and one has the name of a function that is built in.
	body := " RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO app.audit_log (who) VALUES ('f'); RETURN 1; END"
	c.do(t, "SET GLOBAL log_bin_trust_function_creators = 1",
		"CREATE FUNCTION f()"+body, "CREATE FUNCTION app.total(x INT)"+body, "CREATE FUNCTION "+schema+".count(x INT)"+body)
}

// do runs texts as root and fails the test on an error.
func (c *court) do(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := c.root.run(text); err != nil {
			t.Fatalf("%v, in: %.200s", err, text)
		}
	}
}

// session logs the ordinary user in, with settings.
func (c *court) session(s settings) (*link, error) {
	l, err := dial(c.Backend, user, userPassword, schema)
	if err != nil {
		return nil, err
	}
	modes := "CONCAT(@@sql_mode, '"
	if s.ansi {
		modes += ",ANSI_QUOTES"
	}
	if s.noBackslash {
		modes += ",NO_BACKSLASH_ESCAPES"
	}
	for _, text := range []string{c.limit(), "SET sql_mode = " + modes + "')", "SET NAMES " + s.charset} {
		if _, err := l.run(text); err != nil {
			_ = l.close()
			return nil, fmt.Errorf("%w, in: %s", err, text)
		}
	}
	return l, nil
}

// limit bounds how long a statement sleeps or waits.
func (c *court) limit() string {
	if c.Flavour == servers.FlavourTiDB {
		return "SET max_execution_time = 1000"
	}
	return "SET max_statement_time = 1, lock_wait_timeout = 1"
}
