package login

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// special is one account and one login that must be as directly.
type special struct {
	title  string
	create string // statements; %s is the account
	only   servers.Flavour
	user   string
	pass   string
	schema string
}

const longPassword = "a password of more than 255 bytes: " +
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" +
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" +
	"0123456789012345678901234567890123456789"

func specials() []special {
	identified := func(password string) string { return "CREATE USER %s IDENTIFIED BY '" + password + "'" }
	name80 := strings.Repeat("n", 80)
	return []special{
		{title: "empty password", create: "CREATE USER %s", user: "empty"},
		{title: "password where there is none", create: "CREATE USER %s", user: "empty", pass: "something"},
		{title: "no password where there is one", create: identified("x"), user: "full"},
		{title: "unicode password", create: identified("Grüße, 世界 🔑"), user: "unicode", pass: "Grüße, 世界 🔑"},
		{title: "long password", create: identified(longPassword), user: "long", pass: longPassword},
		{title: "name of 80 characters", create: identified("x"), only: servers.FlavourMariaDB, user: name80, pass: "x"},
		{title: "name of 32 characters", create: identified("x"), user: name80[:32], pass: "x"},
		{title: "name of 81 characters", user: name80 + "n", pass: "x"},
		{title: "name with signs", create: identified("x"), user: "a'b\"c\\ü", pass: "x"},
		{title: "unknown user", user: "nobody", pass: "x"},
		{title: "unknown user without a password", user: "nobody"},
		{title: "no name", pass: "x"},
		{title: "unknown schema", create: identified("x") + "; GRANT ALL ON *.* TO %s", user: "seer", pass: "x", schema: "no_such_schema"},
		{title: "forbidden schema", create: identified("x"), user: "outsider", pass: "x", schema: "mysql"},
		{title: "locked account", create: identified("x") + " ACCOUNT LOCK", user: "locked", pass: "x"},
		{title: "expired password", create: identified("x") + " PASSWORD EXPIRE", user: "expired", pass: "x"},
		{title: "TLS demanded", create: identified("x") + " REQUIRE SSL", user: "demanding", pass: "x"},
		{title: "client certificate demanded", create: identified("x") + " REQUIRE X509", user: "demanding", pass: "x"},
		{title: "two plugins", only: servers.FlavourMariaDB, user: "two", pass: "x",
			create: "CREATE USER %s IDENTIFIED VIA ed25519 USING PASSWORD('x') OR mysql_native_password USING PASSWORD('y')"},
		{title: "second of two plugins", only: servers.FlavourMariaDB, user: "two", pass: "y",
			create: "CREATE USER %s IDENTIFIED VIA ed25519 USING PASSWORD('x') OR mysql_native_password USING PASSWORD('y')"},
		{title: "unix_socket plugin", only: servers.FlavourMariaDB, user: "socket", pass: "x", create: "CREATE USER %s IDENTIFIED VIA unix_socket"},
		{title: "only from elsewhere", create: "CREATE USER 'far'@'192.0.2.1' IDENTIFIED BY 'x'", user: "far", pass: "x"},
	}
}

// TestSpecialLoginsAreAsDirect has each client log in directly and through dbmesh.
func TestSpecialLoginsAreAsDirect(t *testing.T) {
	eachServer(t, func(t *testing.T, b *servers.Backend) {
		clients := allClients(t)
		for _, h := range hops {
			d := passthrough(t, b, h)
			for _, s := range specials() {
				if s.only != "" && s.only != b.Flavour {
					continue
				}
				account := "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s.user) + "'@'%'"
				b.SQL(t, "DROP USER IF EXISTS "+account+", 'far'@'192.0.2.1'")
				if s.create != "" {
					b.SQL(t, strings.ReplaceAll(s.create, "%s", account))
				}
				for _, c := range clients {
					t.Run(fmt.Sprintf("%s/%s/%s", h, s.title, c.name()), func(t *testing.T) {
						at := attempt{User: s.user, Password: s.pass, Schema: s.schema, CA: h.ca(b), Port: b.Port}
						direct := try(t, c, at)
						at.Port = d.Port
						if through := try(t, c, at); through.String() != direct.String() {
							t.Errorf("\n direct: %s\nthrough: %s", direct, through)
						}
					})
				}
				if s.create != "" && s.title != "only from elsewhere" {
					b.SQL(t, "DROP USER "+account)
				}
			}
		}
	})
}
