package state_test

import (
	"testing"

	protocol "github.com/go-mysql-org/go-mysql/mysql"

	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

// charsets are the values that a server gives whose results say that their columns are of
// the collation.
func charsets(t *testing.T, collation uint16, client, results, connection string) (names, values []string) {
	t.Helper()
	names = []string{"character_set_client", "character_set_results", "collation_connection"}
	k := column(protocol.MYSQL_TYPE_VAR_STRING, collation)
	row := [][]byte{[]byte(client), []byte(results), []byte(connection)}
	if results == "" {
		row[1] = nil
	}
	values, ok := state.ParseValues(names, []wire.Column{k, k, k}, row)
	if !ok {
		t.Fatal("no values")
	}
	return names, values
}

// Two connections may show the same values and say different things about their results.
func TestTheCollationOfResultsIsCarried(t *testing.T) {
	names, login := charsets(t, 224, "utf8mb4", "utf8mb4", "utf8mb4_unicode_ci")
	w := &state.Worn{}
	w.LearnBase(names, login)
	var named, plain, none, nobodys state.Shadow
	for _, c := range []struct {
		s          *state.Shadow
		collation  uint16
		results    string
		connection string
	}{
		{&named, 46, "utf8mb4", "utf8mb4_bin"}, {&plain, 45, "utf8mb4", "utf8mb4_bin"}, {&none, 46, "", "utf8mb4_bin"},
	} {
		other := &state.Worn{}
		other.LearnBase(names, login)
		names, values := charsets(t, c.collation, "utf8mb4", c.results, c.connection)
		if !c.s.Learn(other, names, values) {
			t.Fatal("too much")
		}
	}
	for _, c := range []struct {
		s    *state.Shadow
		want string
	}{
		{&named, "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin', collation_connection = 'utf8mb4_bin'"},
		{&plain, "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_general_ci', collation_connection = 'utf8mb4_bin'"},
		{&plain, ""},
		{&none, "SET character_set_client = 'utf8mb4', character_set_results = NULL, collation_connection = 'utf8mb4_bin'"},
		{&nobodys, "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_unicode_ci', collation_connection = 'utf8mb4_unicode_ci'"},
		{&nobodys, ""},
	} {
		if got := move(c.s, w); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TiDB tells the collation of its own utf8mb4 whatever the results are written in.
func TestACollationOfAnotherCharacterSetIsNotCarried(t *testing.T) {
	for _, c := range []struct {
		collation uint16
		results   string
		want      string
	}{
		{46, "latin1", "'latin1'"}, {46, "utf8mb4", "'utf8mb4' COLLATE 'utf8mb4_bin'"}, {9999, "utf8mb4", "'utf8mb4'"},
		{33, "utf8", "'utf8' COLLATE 'utf8_general_ci'"}, {83, "utf8mb3", "'utf8mb3' COLLATE 'utf8mb3_bin'"}, {63, "binary", "'binary'"},
	} {
		if _, values := charsets(t, c.collation, "utf8mb4", c.results, "utf8mb4_bin"); values[1] != c.want {
			t.Errorf("%d, %s: %s, want %s", c.collation, c.results, values[1], c.want)
		}
	}
}
