package leak

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	gomysql "github.com/go-mysql-org/go-mysql/mysql"

	goclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core/wire"
)

// client is one connection of a program to a server, through dbmesh or not.
type client interface {
	query(sql string) ([]result, error)
	// bound prepares a statement, executes it with strings and closes it.
	bound(sql string, args ...string) (result, error)
	close(how int)
}

// The programs that sessions are.
const (
	rawClient = iota
	sqlDriver // github.com/go-sql-driver/mysql
	goMySQL   // github.com/go-mysql-org/go-mysql
)

func open(program int, l login) (client, error) {
	switch program {
	case sqlDriver:
		return openDriver(l)
	case goMySQL:
		return openGoMySQL(l)
	}
	return openRaw(l)
}

func (r *raw) bound(sql string, args ...string) (result, error) {
	st, err := r.prepare(sql)
	if err != nil {
		return result{}, err
	}
	found, err := r.execute(st, 0, true, texts(args...))
	if err != nil {
		return found, errors.Join(err, r.closeStatement(st))
	}
	return found, r.closeStatement(st)
}

// driven is a connection of go-sql-driver.
type driven struct {
	db   *sql.DB
	conn *sql.Conn
}

type mute struct{}

func (mute) Print(...any) {}

func openDriver(l login) (*driven, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", l.addr, l.user, l.password(), l.schema
	c.Logger = mute{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	d := &driven{db: sql.OpenDB(connector)}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if d.conn, err = d.db.Conn(ctx); err != nil {
		_ = d.db.Close()
		return nil, err
	}
	return d, nil
}

func (d *driven) query(text string) ([]result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if !gives(text) {
		done, err := d.conn.ExecContext(ctx, text)
		if err != nil {
			return nil, err
		}
		id, _ := done.LastInsertId()
		n, _ := done.RowsAffected()
		return []result{{insertID: uint64(id), affected: uint64(n)}}, nil
	}
	rows, err := d.conn.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	found, err := scan(rows)
	return []result{found}, err
}

func (d *driven) bound(text string, args ...string) (result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a
	}
	rows, err := d.conn.QueryContext(ctx, text, values...)
	if err != nil {
		return result{}, err
	}
	return scan(rows)
}

func (d *driven) close(int) {
	_ = d.conn.Close()
	_ = d.db.Close()
}

// gives says whether a statement is one with rows.
func gives(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "SELECT", "SHOW", "HANDLER", "EXECUTE":
		return true
	}
	return strings.HasPrefix(text, "SET STATEMENT")
}

func scan(rows *sql.Rows) (result, error) {
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return result{}, err
	}
	var found result
	cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return found, err
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = "NULL"
			if c.Valid {
				row[i] = c.String
			}
		}
		found.rows = append(found.rows, row)
	}
	return found, rows.Err()
}

// other is a connection of go-mysql.
type other struct{ conn *goclient.Conn }

func openGoMySQL(l login) (*other, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dialer := &net.Dialer{}
	conn, err := goclient.ConnectWithDialer(ctx, "tcp", l.addr, l.user, l.password(), l.schema, dialer.DialContext)
	if err != nil {
		return nil, err
	}
	return &other{conn}, nil
}

func (o *other) query(text string) ([]result, error) {
	found, err := o.run(text)
	return []result{found}, err
}

func (o *other) bound(text string, args ...string) (result, error) {
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a
	}
	return o.run(text, values...)
}

func (o *other) run(text string, args ...any) (result, error) {
	_ = o.conn.SetDeadline(time.Now().Add(patience))
	r, err := o.conn.Execute(text, args...)
	if err != nil {
		return result{}, err
	}
	defer r.Close()
	found := result{affected: r.AffectedRows, insertID: r.InsertId, warnings: r.Warnings, status: r.Status}
	if r.Resultset == nil {
		return found, nil
	}
	for i := range r.RowNumber() {
		row := make([]string, r.ColumnNumber())
		for j := range row {
			if v, err := r.GetValue(i, j); err != nil {
				return found, err
			} else if v == nil {
				row[j] = "NULL"
				continue
			}
			text, err := r.GetString(i, j)
			if err != nil {
				return found, err
			}
			row[j] = strings.Clone(text) // the driver uses its memory again
		}
		found.rows = append(found.rows, row)
	}
	return found, nil
}

func (o *other) close(how int) {
	if how == 0 {
		_ = o.conn.Quit()
	}
	_ = o.conn.Close()
}

// errno is the number of a server's error, 0 for none and -1 for an error of another sort.
func errno(err error) int {
	var said *wire.Err
	var driver *mysql.MySQLError
	var third *gomysql.MyError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &said):
		return int(said.Code)
	case errors.As(err, &driver):
		return int(driver.Number)
	case errors.As(err, &third):
		return int(third.Code)
	}
	return -1
}

// leak is an answer that no session may get.
type leak struct{ what string }

func (l *leak) Error() string { return "leak: " + l.what }

func leakf(format string, args ...any) error { return &leak{fmt.Sprintf(format, args...)} }
