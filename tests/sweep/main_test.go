// Package sweep sets every session variable of real servers through sessions that share
// one connection, and compares with a connection of its own: the same OK or error, the same
// value afterwards, and nothing of it in other sessions.
package sweep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

var shared servers.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

var flavours = []servers.Flavour{servers.FlavourMariaDB, servers.FlavourTiDB}

const user, password = "sweep", "sweeppw"

// config has one connection, so that whoever runs a statement uses the connection that the
// others have used. queue_timeout is how a test sees that a session keeps it.
const config = `listeners: [{name: default, address: "${LISTEN}", pool: one}]
pools: [{name: one, tls: {mode: "off"}, health: {timeout: 10s}, backends: [{address: %q}], pooling: {mode: %s, max: 1, queue_timeout: 200ms, linger: 0s, keepalive: 0s}}]
chains: [{name: default, links: [{kind: auth, mode: list, users: [{name: ` + user + `, password: ` + password + `}]}, {kind: router}, {kind: balancer}]}]
`

// place is a server, and dbmesh before it.
type place struct {
	t       testing.TB
	flavour servers.Flavour
	direct  *sql.DB
	pooled  *sql.DB
}

// backend is a server with the account that sweeps.
func backend(t *testing.T, flavour servers.Flavour) *servers.Backend {
	t.Helper()
	var server *servers.Backend
	if flavour == servers.FlavourMariaDB {
		server = shared.MariaDB(t).Backend
	} else {
		server = shared.TiDB(t).Ends[0]
	}
	server.Create(t, servers.Account{Name: user, Password: password, Grant: "ALL ON *.*"})
	return server
}

func at(t *testing.T, flavour servers.Flavour, pooling string) *place {
	t.Helper()
	server := backend(t, flavour)
	mesh := sidecar.With(t, fmt.Sprintf(config, server.Addr, pooling))
	return &place{t: t, flavour: flavour, direct: open(t, server.Addr), pooled: open(t, mesh.Addr)}
}

// open gives a database whose connections are all fresh.
func open(t *testing.T, addr string) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", addr, user, password, servers.Schema
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(0)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// client is one session.
type client struct {
	t    testing.TB
	conn *sql.Conn
}

const statementWait = 30 * time.Second

func (p *place) session(db *sql.DB) *client {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return &client{p.t, conn}
}

func (c *client) close() { _ = c.conn.Close() }

// answer is what a statement gave, to be compared.
type answer struct {
	rows  string
	fails string // code, state and message
	code  uint16
}

// run runs a statement. On a busy machine a connection that is free may come late, so one
// that gets none in time is tried again.
func (c *client) run(statement string) answer {
	c.t.Helper()
	a := c.once(statement)
	for n := 1; n < patience && a.code == crowded; n++ {
		a = c.once(statement)
	}
	return a
}

// patience is how often a statement is tried before its session gets no connection.
const patience = 20

// once runs a statement that may get no connection within queue_timeout.
func (c *client) once(statement string) answer {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	rows, err := c.conn.QueryContext(ctx, statement)
	var a answer
	if err == nil {
		a.rows, err = text(rows)
	}
	var said *mysql.MySQLError
	switch {
	case errors.As(err, &said):
		a.code, a.fails = said.Number, fmt.Sprintf("%d %s %s", said.Number, said.SQLState[:], said.Message)
	case err != nil:
		c.t.Fatalf("%s: %v", statement, err)
	}
	return a
}

// text writes rows, a line each.
func text(rows *sql.Rows) (string, error) {
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	out := ""
	for rows.Next() {
		cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		for i, cell := range cells {
			if i > 0 {
				out += "\t"
			}
			if !cell.Valid {
				out += "NULL"
			} else {
				out += fmt.Sprintf("%q", cell.String)
			}
		}
		out += "\n"
	}
	return out, rows.Err()
}

// must runs a statement that has to succeed.
func (c *client) must(statement string) string {
	c.t.Helper()
	a := c.run(statement)
	if a.fails != "" {
		c.t.Fatalf("%s: %s", statement, a.fails)
	}
	return a.rows
}
