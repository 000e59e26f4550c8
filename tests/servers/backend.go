package servers

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Flavour is which server a backend is, where SQL or errors differ.
type Flavour string

// The flavours that can be started.
const (
	FlavourMariaDB Flavour = "mariadb"
	FlavourTiDB    Flavour = "tidb"
)

// Schema is the empty schema that every backend has, and AppUser with password
// AppPassword the account without administrator rights that owns it.
const (
	Schema      = "app"
	AppUser     = "app"
	AppPassword = "app"
)

// statementWait bounds one call of Query, SQL or Value.
const statementWait = time.Minute

// Backend is where one server takes SQL. Root has no password. It stays the same
// over restarts and is safe for use by several goroutines.
type Backend struct {
	Flavour Flavour
	Addr    string // host:port
	Port    int
	Socket  string // path of the unix socket, empty if there is none
	Status  string // URL of TiDB's HTTP status server, empty for MariaDB
	TLS     *TLS   // nil if the server does not offer TLS
}

// Config is a client's configuration for this backend over TCP without TLS, to
// be altered as the test likes.
func (b *Backend) Config(user, password, schema string) *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", b.Addr
	c.User, c.Passwd, c.DBName = user, password, schema
	return c
}

// DSN is Config as go-sql-driver's data source name.
func (b *Backend) DSN(user, password, schema string) string {
	return b.Config(user, password, schema).FormatDSN()
}

// Query runs one or more statements as root on a connection of its own and gives
// the rows of the last that has any; NULL reads as "NULL". Arguments are put into
// the text as literals.
func (b *Backend) Query(ctx context.Context, statements string, args ...any) ([][]string, error) {
	last, err := b.query(ctx, statements, args...)
	return last.rows, err
}

// result is what one statement gave; rows is nil for one without columns.
type result struct {
	columns []string
	rows    [][]string
}

func (b *Backend) query(ctx context.Context, statements string, args ...any) (result, error) {
	var last result
	c := b.Config("root", "", "")
	c.MultiStatements, c.InterpolateParams = true, true
	c.Logger = silence{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return last, fmt.Errorf("connect to %s: %w", b.Addr, err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	rows, err := db.QueryContext(ctx, statements, args...)
	if err != nil {
		return last, fmt.Errorf("%s: %w", b.Addr, err)
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		found, err := texts(rows)
		if err != nil {
			return last, fmt.Errorf("%s: %w", b.Addr, err)
		}
		if found.rows != nil {
			last = found
		}
	}
	if err := rows.Err(); err != nil {
		return last, fmt.Errorf("%s: %w", b.Addr, err)
	}
	return last, nil
}

// SQL is Query that fails the test on an error and takes at most a minute.
func (b *Backend) SQL(t testing.TB, statements string, args ...any) [][]string {
	t.Helper()
	return b.must(t, statements, args...).rows
}

// Value is SQL for a statement that gives one row: its first column.
func (b *Backend) Value(t testing.TB, statement string, args ...any) string {
	t.Helper()
	return b.one(t, statement, args...).rows[0][0]
}

// Record is SQL for a statement that gives one row, like SHOW SLAVE STATUS: its
// values by column name.
func (b *Backend) Record(t testing.TB, statement string, args ...any) map[string]string {
	t.Helper()
	found := b.one(t, statement, args...)
	values := make(map[string]string, len(found.columns))
	for i, name := range found.columns {
		values[name] = found.rows[0][i]
	}
	return values
}

func (b *Backend) must(t testing.TB, statements string, args ...any) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	found, err := b.query(ctx, statements, args...)
	if err != nil {
		t.Fatalf("%v, in: %.200s", err, statements)
	}
	return found
}

func (b *Backend) one(t testing.TB, statement string, args ...any) result {
	t.Helper()
	found := b.must(t, statement, args...)
	if len(found.rows) != 1 {
		t.Fatalf("%d rows instead of 1 from: %.200s", len(found.rows), statement)
	}
	return found
}

func (b *Backend) ping(ctx context.Context) error {
	_, err := b.Query(ctx, "SELECT 1")
	return err
}

// texts reads one result.
func texts(rows *sql.Rows) (result, error) {
	columns, err := rows.Columns()
	if err != nil || len(columns) == 0 {
		return result{}, err
	}
	all := result{columns: columns, rows: [][]string{}}
	cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return result{}, err
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = "NULL"
			if c.Valid {
				row[i] = c.String
			}
		}
		all.rows = append(all.rows, row)
	}
	return all, rows.Err()
}

// silence drops the driver's own messages: while a server starts, broken
// connections are what is expected.
type silence struct{}

// Print does nothing.
func (silence) Print(...any) {}
