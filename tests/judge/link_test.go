package judge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// link is one connection. What it sends goes out as one COM_QUERY, byte by byte.
type link struct {
	pool *sql.DB // of this connection alone
	conn *sql.Conn
	id   string // of the connection, on the server
}

// silence drops what the driver says of connections that break.
type silence struct{}

func (silence) Print(...any) {}

// dial logs in with multi-statements on, so that a second statement does its harm.
func dial(b *servers.Backend, name, password, in string) (*link, error) {
	c := b.Config(name, password, in)
	c.MultiStatements, c.Logger = true, silence{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	l := &link{pool: sql.OpenDB(connector)}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if l.conn, err = l.pool.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect as %s: %w", name, err), l.close())
	}
	row, err := l.row("SELECT CONNECTION_ID()")
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	l.id = row[0]
	return l, nil
}

func (l *link) close() error {
	if l.conn != nil {
		_ = l.conn.Close() // the pool ends it
	}
	return l.pool.Close()
}

// answer is what a text gave: its rows with NULL as "NULL", those of all results, and how
// many of the results have not even columns.
type answer struct {
	rows [][]string
	mute int
}

// run sends a text. A first result that is right goes with the error of a later one.
func (l *link) run(text string) (a answer, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	rows, err := l.conn.QueryContext(ctx, text)
	if err != nil {
		return a, err
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		if err := a.read(rows); err != nil {
			return a, err
		}
	}
	return a, rows.Err()
}

func (a *answer) read(rows *sql.Rows) error {
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		a.mute++
		return nil
	}
	cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = "NULL"
			if c.Valid {
				row[i] = c.String
			}
		}
		a.rows = append(a.rows, row)
	}
	return rows.Err()
}

// row runs a text that gives one row.
func (l *link) row(text string) ([]string, error) {
	a, err := l.run(text)
	if err != nil {
		return nil, fmt.Errorf("%w, in: %.200s", err, text)
	}
	if len(a.rows) != 1 {
		return nil, fmt.Errorf("%d rows instead of 1, in: %.200s", len(a.rows), text)
	}
	return a.rows[0], nil
}

// code is the server's number of an error, 0 for none and for one that is not the server's.
func code(err error) uint16 {
	if e := (*mysql.MySQLError)(nil); errors.As(err, &e) {
		return e.Number
	}
	return 0
}
