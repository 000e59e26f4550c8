package stmt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
)

func mode(f Flavour) Mode {
	version := map[Flavour]uint32{MySQL: 80036, MariaDB: 101119, TiDB: 80011}[f]
	return Mode{Flavour: f, Version: version, Charset: CharsetUTF8}
}

// shown is what a SET sets, for people: scope, name, and value if it is literal. OPAQUE
// ends it if it can't be read.
func shown(sql string, m Mode) (string, core.Facts) {
	s := newStatement(m, []byte(sql))
	s.set()
	var all []string
	for _, a := range s.facts.Assignments {
		one := []string{"", "global ", "@", "next "}[a.Scope] + a.Name
		if a.Literal {
			one += "=" + a.Value
		}
		all = append(all, one)
	}
	if s.facts.Opaque {
		all = append(all, "OPAQUE")
	}
	return strings.Join(all, "; "), s.facts
}

// Every text without OPAQUE is accepted by one of the servers that it is for, but for its
// names and values.
func TestSetIsReadAsTheServersReadIt(t *testing.T) {
	for _, c := range []struct {
		sql, want string
		in        Flavour // FlavourUnknown: all
	}{
		{"SET x = 1", "x=1", 0},
		{"set X:=1;", "x=1", 0},
		{"SET sql_mode = 'ANSI'", "sql_mode=ANSI", 0},
		{"SET sql_mode = ansi", "sql_mode=ansi", 0},
		{"SET `sql_mode` = 'a''b\\n'", "sql_mode=a'b\n", 0},
		{"SET @@sql_mode = \"x\"", "sql_mode=x", 0},
		{"SET @@session.sql_mode = DEFAULT, @@local.`b` = ON", "sql_mode=DEFAULT; b=ON", 0},
		{"SET @@`session`.x = 1", "session.x=1", 0},
		{"SET @@session . x = 1", "x=1", 0},
		{"SET SESSION a = 1, LOCAL b = 2, c = 3", "a=1; b=2; c=3", 0},
		{"SET GLOBAL a = 1, SESSION b = 2", "global a=1; b=2", 0},
		{"SET GLOBAL a = 1, b = 2, @@c = 3", "global a=1; global b=2; c=3", MySQL},
		{"SET GLOBAL a = 1, b = 2, @@c = 3", "global a=1; global b=2; c=3", MariaDB},
		{"SET GLOBAL a = 1, NAMES x, @y = 2, b = 2", "global a=1; names=x; @y=2; global b=2", MariaDB},
		{"SET GLOBAL a = 1, b = 2", "global a=1; b=2", TiDB},
		{"SET GLOBAL a = 1, b = 2", "global a=1; global b=2; OPAQUE", 0},
		{"SET @@global.a = 1, b = 2", "global a=1; b=2", 0},
		{"SET PERSIST a = 1, PERSIST_ONLY b = 2, @@persist.c = 3, @@persist_only.d = 4", "global a=1; global b=2; global c=3; global d=4", MySQL},
		{"SET GLOBAL hot.key_buffer_size = 1", "global hot.key_buffer_size=1", 0},
		{"SET @@global.hot.key_buffer_size = 1", "global hot.key_buffer_size=1", 0},
		{"SET global.x = 1", "global.x=1", 0},
		{"SET @x = 1, @`Y z` := 'v', @'q' = NULL, @a.b = -1.5, @$ = true", "@x=1; @y z=v; @q=NULL; @a.b=-1.5; @$=true", 0},
		{"SET @x = y, @z = 1 + 1, @a = ('b'), @c = `d`", "@x; @z; @a; @c", 0},
		{"SET @a = @b := 5", "@a", 0},
		{"SET x = -5, y = +5, z = 0x10, u = 'a' 'b', v = _utf8'a', w = x'41', d = 'Default'", "x=-5; y=5; z; u; v; w; d", 0},
		{"SET x = (SELECT a, b FROM t), y = IF(1, 2, 3), z = current_user", "x; y; z", 0},
		{"SET x = ?, y = @@z, v = @@global.w", "x; y; v", 0},
		{"SET NAMES utf8mb4", "names=utf8mb4", 0},
		{"SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin', @x = 1", "names=utf8mb4; collation_connection=utf8mb4_bin; @x=1", 0},
		{"SET NAMES utf8mb4 COLLATE DEFAULT", "names=utf8mb4", 0},
		{"SET NAMES DEFAULT", "names=DEFAULT", 0},
		{"SET a = 1, NAMES latin1", "a=1; names=latin1", 0},
		{"SET CHARACTER SET latin1, CHARSET 'x', CHAR SET DEFAULT", "charset=latin1; charset=x; charset=DEFAULT", 0},
		{"SET NAMES = 5", "names=5", 0}, // no server has such a variable
		{"SET NAMES @x", "OPAQUE", 0},
		{"SET GLOBAL NAMES latin1", "OPAQUE", 0},
		{"SET TRANSACTION READ ONLY", "next transaction=read only", 0},
		{"SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE", "next transaction=isolation level read committed, read write", 0},
		{"SET SESSION TRANSACTION isolation level serializable", "transaction=isolation level serializable", 0},
		{"SET LOCAL TRANSACTION read write", "transaction=read write", 0},
		{"SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ", "global transaction=isolation level repeatable read", 0},
		{"SET TRANSACTION READ ONLY AS OF TIMESTAMP NOW()", "next transaction", TiDB},
		{"SET TRANSACTION READ SOMETHING", "OPAQUE", 0},
		{"SET TRANSACTION READ ONLY, @x = 1", "OPAQUE", 0},
		{"SET tx_isolation = 'SERIALIZABLE'", "tx_isolation=SERIALIZABLE", 0},
		{"SET @@tx_isolation = 'SERIALIZABLE'", "next tx_isolation=SERIALIZABLE", MariaDB},
		{"SET @@transaction_read_only = 1", "next transaction_read_only=1", MySQL},
		{"SET @@session.tx_isolation = 'SERIALIZABLE'", "tx_isolation=SERIALIZABLE", MariaDB},
		{"SET @@tx_isolation = 'SERIALIZABLE'", "tx_isolation=SERIALIZABLE", TiDB},
		{"SET ROLE NONE, @x = 1", "role=NONE; @x=1", MariaDB},
		{"SET ROLE 'a'@'%', b", "role", MySQL},
		{"SET ROLE ALL EXCEPT a", "role", MySQL},
		{"SET ROLE DEFAULT", "role=DEFAULT", TiDB},
		{"SET DEFAULT ROLE a TO b", "global default", MySQL},
		{"SET PASSWORD = 'secret'", "global password", 0},
		{"SET PASSWORD FOR 'u'@'h' = PASSWORD('a,b')", "global password", 0},
		{"SET PASSWORD TO RANDOM", "global password", MySQL},
		{"SET @x = 1, PASSWORD = 'secret'", "@x=1; global password", MariaDB},
		{"SET RESOURCE GROUP rg", "resource", 0},
		{"SET RESOURCE GROUP rg FOR 1, 2", "global resource", MySQL},
		{"SET CONFIG tikv log.level = 'info'", "global config", TiDB},
		{"SET BINDING ENABLED FOR SELECT 1", "global binding", TiDB},
		{"SET SESSION_STATES '{}'", "session_states", TiDB},
		{"SET SESSION AUTHORIZATION u@h", "session", MariaDB},
		{"SET STATEMENT max_join_size = 5, a = (SELECT 1) FOR SELECT 1", "", MariaDB},
		{"SET STATEMENT a = 1 FOR SET STATEMENT b = 1 FOR SET c = 1", "c=1", MariaDB},
		{"SET STATEMENT a = 1 FOR SET STATEMENT b = 1", "OPAQUE", MariaDB},
		{"SET STATEMENT a = (@x := 1) FOR SELECT 1", "OPAQUE", MariaDB},
		{"SET STATEMENT sql_mode = '' FOR SELECT 1", "", MariaDB},
		{"SET STATEMENT sql_mode = '' FOR EXECUTE IMMEDIATE 'SELECT 1'", "OPAQUE", MariaDB},
		{"SET STATEMENT a = 1 SELECT 1", "OPAQUE", MariaDB},
		{"SELECT 1", "", 0},
		{"SET", "OPAQUE", 0},
		{"SET x", "OPAQUE", 0},
		{"SET x =", "OPAQUE", 0},
		{"SET x = 1,", "x=1; OPAQUE", 0},
		{"SET x = 1 y = 2", "x", 0}, // servers refuse it,
		{"SET x = (1, 2", "OPAQUE", 0},
		{"SET @ = 1", "OPAQUE", 0},
		{"SET @@ x = 1", "OPAQUE", 0},
		{"SET SESSION @x = 1", "OPAQUE", 0},
		{"SET GLOBAL @@x = 1", "OPAQUE", 0},
		{"SET 'x' = 1", "OPAQUE", 0},
		{"SET (x) = 1", "OPAQUE", 0},
		{"SET @@session. = 1", "OPAQUE", 0},
		{"SET GLOBAL", "OPAQUE", 0},
	} {
		if got, _ := shown(c.sql, mode(c.in)); got != c.want {
			t.Errorf("%v: %s\n got %s\nwant %s", c.in, c.sql, got, c.want)
		}
	}
}

func TestSetReadsNamesInQuotesByTheMode(t *testing.T) {
	m := mode(MariaDB)
	m.ANSIQuotes = true
	if got, _ := shown(`SET "sql_mode" = "ansi", x = 'a'`, m); got != "sql_mode=ansi; x=a" {
		t.Error(got)
	}
	m.NoBackslash = true
	if got, _ := shown(`SET x = 'a\', y = 'n'`, m); got != `x=a\; y=n` {
		t.Error(got)
	}
}

func TestSetSaysWhatItSetsAndWhoIsTouched(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"SET a = 1, @B = @c := 2, GLOBAL d = 3", "admin users [c b] system [a d]"},
		{"SET NAMES x", "session users [] system [character_set_client character_set_connection character_set_results collation_connection]"},
		{"SET CHARACTER SET x", "session users [] system [character_set_client character_set_results collation_connection]"},
		{"SET TRANSACTION READ ONLY", "session users [] system [transaction_read_only]"},
		{"SET PASSWORD = 'x'", "schema users [] system []"},
		{"SET PASSWORD = 'x', GLOBAL a = 1", "admin users [] system [a]"},
		{"SET ROLE x", "session users [] system []"},
		{"SET DEFAULT ROLE x", "schema users [] system []"},
		{"SET PERSIST x = 1", "admin users [] system [x]"},
		{"SET STATEMENT a = 1, b = 2 FOR SET @x = 1", "session users [x] system [a b]"},
	} {
		_, f := shown(c.sql, mode(MariaDB))
		if got := fmt.Sprint(f.Access, " users ", f.UserVarsSet, " system ", f.SystemVarsSet); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sql, got, c.want)
		}
	}
}

func TestASecretIsNotAmongTheFacts(t *testing.T) {
	for _, sql := range []string{"SET PASSWORD = 'canary'", "SET PASSWORD FOR u = 'canary'", "SET @x = 1, PASSWORD = PASSWORD('canary')"} {
		for f := MySQL; f <= TiDB; f++ {
			if _, got := shown(sql, mode(f)); strings.Contains(fmt.Sprintf("%+v", got), "canary") {
				t.Errorf("%s: %+v", sql, got)
			}
		}
	}
}
