package servers_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
)

func TestTiDBFrontEndsShareOneStore(t *testing.T) {
	p := shared.TiDB(t)
	p.Ends[0].SQL(t, "CREATE TABLE IF NOT EXISTS app.shared (id INT PRIMARY KEY); REPLACE INTO app.shared VALUES (7)")
	if v := p.Ends[1].Value(t, "SELECT id FROM app.shared"); v != "7" {
		t.Fatal(v)
	}
	if v := p.Ends[1].Value(t, "SELECT VERSION()"); !strings.Contains(v, "TiDB-v8.5.0") {
		t.Fatal(v)
	}
}

func TestTiDBTakesCachingSHA2OverTLS(t *testing.T) {
	p := shared.TiDB(t)
	p.Ends[0].Create(t, servers.Account{Name: "sha", Password: "p'w", Plugin: servers.CachingSHA2})
	for _, c := range []struct {
		tls     *tls.Config
		refused bool
	}{{p.Ends[1].TLS.Client(), false}, {nil, true}} { // plain: TiDB has no RSA key to offer
		cfg := p.Ends[1].Config("sha", "p'w", servers.Schema)
		cfg.TLS = c.tls
		got, err := login(t, cfg, "SELECT DATABASE()")
		if (err != nil) != c.refused || err == nil && got != servers.Schema {
			t.Errorf("with TLS %t: %q, %v", c.tls != nil, got, err)
		}
	}
}

func TestTiDBMovesValuesBeyond16MBAndRefusesToStoreThem(t *testing.T) {
	b := shared.TiDB(t).Ends[0]
	if v := b.Value(t, "SELECT REPEAT('x', 20000000)"); len(v) != 20_000_000 {
		t.Fatal(len(v))
	}
	if n := b.Value(t, "SELECT LENGTH(?)", strings.Repeat("x", 20_000_000)); n != "20000000" {
		t.Fatal(n)
	}
	b.SQL(t, "CREATE TABLE IF NOT EXISTS app.big (id INT PRIMARY KEY, v LONGBLOB); REPLACE INTO app.big VALUES (1, REPEAT('x', 6000000))")
	_, err := b.Query(t.Context(), "REPLACE INTO app.big VALUES (1, REPEAT('x', 20000000))")
	var refused *mysql.MySQLError
	if !errors.As(err, &refused) || refused.Number != 8025 {
		t.Fatal(err)
	}
}

func TestASchemaChangeWaitsForATransactionOnAnotherFrontEnd(t *testing.T) {
	p := shared.TiDB(t)
	p.Ends[0].SQL(t, "DROP TABLE IF EXISTS app.held; CREATE TABLE app.held (id INT PRIMARY KEY); INSERT INTO app.held VALUES (1)")
	for i, end := range p.Ends {
		db, err := sql.Open("mysql", end.DSN("root", "", servers.Schema))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("UPDATE held SET id = id + 1"); err != nil {
			t.Fatal(err)
		}
		altered := make(chan error, 1)
		go func() {
			_, err := p.Ends[1-i].Query(context.Background(), "ALTER TABLE app.held ADD COLUMN c"+string(rune('0'+i))+" INT")
			altered <- err
		}()
		select {
		case err := <-altered:
			t.Errorf("the change did not wait for front end %d: %v", i, err)
			altered <- nil
		case <-time.After(2 * time.Second):
		}
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
		if err := <-altered; err != nil {
			t.Error(err)
		}
	}
}

func TestADrainedFrontEndGoesAloneAndReturns(t *testing.T) {
	p := servers.TiDB(t, 2)
	if code := status(t, p.Ends[1]); code != http.StatusOK {
		t.Fatal(code)
	}
	if err := p.Drain(1, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Ends[1].Query(t.Context(), "SELECT 1"); err == nil {
		t.Fatal("a drained front end takes SQL")
	}
	p.Ends[0].SQL(t, "CREATE TABLE app.t (id INT)")
	if err := p.Drain(1, 0); err == nil {
		t.Fatal("a drained front end was drained again")
	}
	if err := p.Return(1); err != nil {
		t.Fatal(err)
	}
	if n := p.Ends[1].Value(t, "SELECT COUNT(*) FROM app.t"); n != "0" || status(t, p.Ends[1]) != http.StatusOK {
		t.Fatal(n)
	}
}

func TestAKeptStoreOutlivesACrash(t *testing.T) {
	p := servers.TiDB(t, 1, servers.Keep())
	p.Ends[0].SQL(t, "CREATE TABLE app.t (id INT PRIMARY KEY); INSERT INTO app.t VALUES (7)")
	if err := p.Kill9(); err != nil {
		t.Fatal(err)
	}
	if err := p.Restart(); err != nil {
		t.Fatal(err)
	}
	if v := p.Ends[0].Value(t, "SELECT id FROM app.t"); v != "7" {
		t.Fatal(v)
	}
}

func status(t *testing.T, b *servers.Backend) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Get(b.Status + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	return reply.StatusCode
}
