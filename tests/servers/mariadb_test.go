package servers_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// login connects once and gives what one statement answers, or the error.
func login(t *testing.T, c *mysql.Config, statement string) (string, error) {
	t.Helper()
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var value string
	err = db.QueryRowContext(ctx, statement).Scan(&value)
	return value, err
}

func TestEveryPluginAndTransportLogsIn(t *testing.T) {
	s := shared.MariaDB(t)
	s.Create(t, servers.Account{Name: "nat", Password: "p'w", Plugin: servers.Native})
	s.Create(t, servers.Account{Name: "edd", Password: "p'w", Plugin: servers.Ed25519})
	s.Create(t, servers.Account{Name: "tlsonly", Password: "p'w", Require: "SSL"})
	s.Create(t, servers.Account{Name: "certonly", Password: "p'w", Require: "X509"})
	cases := []struct {
		user    string
		tls     *tls.Config
		refused bool
	}{
		{"nat", nil, false}, {"nat", s.TLS.Client(), false},
		{"edd", nil, false}, {"edd", s.TLS.Client(), false},
		{"tlsonly", nil, true}, {"tlsonly", s.TLS.Client(), false},
		{"certonly", s.TLS.Client(), true}, {"certonly", s.TLS.MutualClient(), false},
	}
	for _, c := range cases {
		cfg := s.Config(c.user, "p'w", servers.Schema)
		cfg.TLS = c.tls
		got, err := login(t, cfg, "SELECT CONCAT(SUBSTRING_INDEX(USER(), '@', 1), '.', DATABASE())")
		if (err != nil) != c.refused || err == nil && got != c.user+".app" {
			t.Errorf("%s with TLS %t: %q, %v", c.user, c.tls != nil, got, err)
		}
	}
	cfg := s.Config("edd", "wrong", servers.Schema)
	if _, err := login(t, cfg, "SELECT 1"); err == nil {
		t.Error("a wrong password was taken")
	}
}

func TestMariaDBListensOnItsSocketToo(t *testing.T) {
	s := shared.MariaDB(t)
	c := s.Config(servers.AppUser, servers.AppPassword, servers.Schema)
	c.Net, c.Addr = "unix", s.Socket
	if got, err := login(t, c, "SELECT DATABASE()"); err != nil || got != servers.Schema {
		t.Fatal(got, err)
	}
}

func TestMariaDBBelievesAProxyHeader(t *testing.T) {
	s := shared.MariaDB(t)
	c := s.Config(servers.AppUser, servers.AppPassword, servers.Schema)
	c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, addr)
		if err == nil {
			_, err = conn.Write([]byte("PROXY TCP4 192.0.2.7 127.0.0.1 4711 3306\r\n"))
		}
		return conn, err
	}
	if got, err := login(t, c, "SELECT USER()"); err != nil || got != "app@192.0.2.7" {
		t.Fatal(got, err)
	}
}

func TestMariaDBStoresValuesBeyond16MB(t *testing.T) {
	s := shared.MariaDB(t)
	s.SQL(t, "CREATE OR REPLACE TABLE app.big (id INT PRIMARY KEY, v LONGBLOB); INSERT INTO app.big VALUES (1, REPEAT('x', 40000000))")
	if n := s.Value(t, "SELECT LENGTH(v) FROM app.big"); n != "40000000" {
		t.Fatal(n)
	}
}

func TestMaxPacketIsRaised(t *testing.T) {
	s := servers.MariaDB(t, servers.MaxPacket("1G"), servers.WithoutTLS())
	if n := s.Value(t, "SELECT @@max_allowed_packet"); n != strconv.Itoa(1<<30) {
		t.Fatal(n)
	}
	if have := s.Value(t, "SELECT @@have_ssl"); have == "YES" {
		t.Fatal("TLS is offered though it was switched off")
	}
}

func TestMariaDBLivesThroughCrashFreezeAndRestart(t *testing.T) {
	s := servers.MariaDB(t)
	s.SQL(t, "CREATE TABLE app.t (id INT PRIMARY KEY); INSERT INTO app.t VALUES (7)")
	first := s.PID()
	if err := s.Kill9(); err != nil {
		t.Fatal(err)
	}
	if s.PID() != 0 {
		t.Fatal("the process still has an id after a kill")
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if v := s.Value(t, "SELECT id FROM app.t"); v != "7" || s.PID() == first {
		t.Fatalf("value %s, process %d after %d", v, s.PID(), first)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.Query(ctx, "SELECT 1"); err == nil {
		t.Fatal("a frozen server answered")
	}
	if err := s.Cont(); err != nil {
		t.Fatal(err)
	}
	s.SQL(t, "SELECT 1")
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if v := s.Value(t, "SELECT id FROM app.t"); v != "7" {
		t.Fatal(v)
	}
}

func TestAFailedStartShowsTheServersOwnWords(t *testing.T) {
	shared.MariaDB(t) // skips the test where there is no server
	_, err := servers.StartMariaDB(servers.Flags("--no-such-flag=1"))
	if err == nil || !strings.Contains(err.Error(), "no-such-flag") {
		t.Fatal(err)
	}
}

func TestQueryGivesTheLastRows(t *testing.T) {
	s := shared.MariaDB(t)
	rows := s.SQL(t, "SELECT 1; SELECT NULL, 'a' UNION SELECT 2, ?; SET @x = 1", "it's")
	if len(rows) != 2 || rows[0][0] != "NULL" || rows[1][1] != "it's" {
		t.Fatal(rows)
	}
	if _, err := s.Query(t.Context(), "SELECT 1; SELECT no_such_column"); err == nil {
		t.Fatal("the error of the second statement was lost")
	}
}
