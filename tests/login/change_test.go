package login

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// TestChangeUserInPassthroughIsAsDirect has a raw client change its user: right, wrong,
// unknown, without a password, to a schema and to one that is not there.
func TestChangeUserInPassthroughIsAsDirect(t *testing.T) {
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		d := sidecar.Before(t, b.Addr, "--set", "log.level=debug")
		second := servers.Native
		if b.Flavour == servers.FlavourMariaDB {
			second = servers.Ed25519
		}
		for _, tc := range []struct {
			title, plugin, password, schema string
			unknown                         bool
		}{
			{"right", servers.Native, password, "", false},
			{"another plugin", second, password, servers.Schema, false},
			{"wrong", servers.Native, "wrong", "", false},
			{"unknown", servers.Native, password, "", true},
			{"empty", servers.Native, "", "", false},
			{"no such schema", servers.Native, password, "no_such_schema", false},
		} {
			t.Run(tc.title, func(t *testing.T) {
				t.Parallel() // MariaDB punishes a refusal with a second of silence
				from, to := "from for "+tc.title, "to for "+tc.title
				b.Create(t, servers.Account{Name: from, Password: "first"})
				if !tc.unknown {
					b.Create(t, servers.Account{Name: to, Password: password, Plugin: tc.plugin})
				}
				direct := changed(t, b.Addr, from, to, tc.password, tc.schema)
				through := changed(t, d.Addr, from, to, tc.password, tc.schema)
				if b.Flavour == servers.FlavourTiDB && !strings.HasPrefix(direct[0], "<nil>") {
					// TiDB leaves the session to nobody or to the user that it refused.
					direct = []string{direct[0], "cut off", "cut off", "cut off"}
				}
				if !slices.Equal(direct, through) {
					t.Errorf("\n direct: %s\nthrough: %s", direct, through)
				}
			})
		}
	})
}

// changed changes a session's user and says what came of it, and who the session is then.
func changed(t *testing.T, address, from, to, password, schema string) []string {
	r := enter(t, address, from, "first", servers.Schema)
	r.mustValue(t, "SELECT @mine := 'left over'")
	said := []string{fmt.Sprint(r.change(to, password, schema))}
	for _, sql := range []string{"SELECT CURRENT_USER()", "SELECT DATABASE()", "SELECT @mine"} {
		v, err := r.value(sql)
		if err != nil && code(err) == 0 {
			v = "cut off"
		}
		said = append(said, v)
	}
	return said
}

// TestMysql2ChangesUserThroughDbmeshAsDirect is the same by a library that has it.
func TestMysql2ChangesUserThroughDbmeshAsDirect(t *testing.T) {
	c, err := mysql2()
	if err != nil {
		leftOut(t, err)
		t.Skip("mysql2 is not on this machine")
	}
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		b.Create(t, servers.Account{Name: "node_from", Password: "first"})
		b.Create(t, servers.Account{Name: "node_to", Password: password})
		d := sidecar.Before(t, b.Addr)
		all := []change{
			{"node_to", password, servers.Schema}, {"node_to", "wrong", ""}, {"node_nobody", "x", ""}, {"node_to", password, "no_such_schema"},
		}
		if sidecar.Now() == sidecar.Short {
			all = all[:2] // a refusal takes a second, by MariaDB's will
		}
		for _, to := range all {
			at := attempt{User: "node_from", Password: "first", Port: b.Port, Change: &to}
			direct := try(t, c, at)
			at.Port = d.Port
			if through := try(t, c, at); direct.String() != through.String() {
				t.Errorf("to %s:\n direct: %s\nthrough: %s", to.User, direct, through)
			}
		}
	})
}

// TestChangeUserInListModeMapsTheNewUser also shows that nothing of the old session is
// left and that a refused change ends it.
func TestChangeUserInListModeMapsTheNewUser(t *testing.T) { changeUserInListMode(t, list) }

func changeUserInListMode(t *testing.T, start starter) {
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		for _, name := range []string{"mapped_one", "mapped_two"} {
			b.Create(t, servers.Account{Name: name, Password: backendPassword})
		}
		d := start(t, b, plain, []string{
			fmt.Sprintf("{name: one, password: first, backend: {user: mapped_one, password: %q}}", backendPassword),
			fmt.Sprintf("{name: two, password: second, plugin: caching_sha2_password, backend: {user: mapped_two, password: %q}}", backendPassword),
		})
		r := enter(t, d.Addr, "one", "first", servers.Schema)
		r.mustValue(t, "SELECT @mine := 'left over'")
		must(t, r.change("two", "second", ""))
		if who := r.mustValue(t, "SELECT CURRENT_USER()"); who != "mapped_two@%" {
			t.Errorf("after the change the session is %s", who)
		}
		if v := r.mustValue(t, "SELECT @mine"); v != "NULL" {
			t.Errorf("@mine is still %s", v)
		}
		if v := r.mustValue(t, "SELECT DATABASE()"); v != "NULL" {
			t.Errorf("the schema is still %s", v)
		}
		must(t, r.change("one", "first", servers.Schema))
		if v := r.mustValue(t, "SELECT DATABASE()"); v != servers.Schema {
			t.Errorf("the schema is %s", v)
		}
		r.shape = nil
		if err := r.change("two", "first", ""); code(err) != 1045 {
			t.Errorf("another user's password: %v", err)
		}
		wrong := slices.Clone(r.shape)
		if _, err := r.value("SELECT 1"); err == nil {
			t.Error("a session lives on after a refused change")
		}
		r = enter(t, d.Addr, "one", "first", "")
		r.shape = nil
		if err := r.change("nobody", "first", ""); code(err) != 1045 {
			t.Errorf("an unknown user: %v", err)
		}
		if last := len(wrong) - 1; wrong[last] != r.shape[len(r.shape)-1] {
			t.Errorf("a wrong password ends with %s, an unknown user with %s", wrong[last], r.shape[len(r.shape)-1])
		}
	})
}
