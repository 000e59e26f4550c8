package live

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// patience bounds one call of a test to a database.
const patience = 60 * time.Second

type mute struct{}

func (mute) Print(...any) {}

// driver opens go-sql-driver on an address; each change alters its config.
func driver(t testing.TB, addr, user, password string, changes ...func(*mysql.Config)) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", addr, user, password, "app"
	c.Logger = mute{}
	for _, change := range changes {
		change(c)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(256)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// app opens the driver as the application's account.
func app(t testing.TB, addr string, changes ...func(*mysql.Config)) *sql.DB {
	t.Helper()
	return driver(t, addr, "app", "app", changes...)
}

// session takes one connection out of a pool.
func session(t testing.TB, db *sql.DB) *sql.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// value asks for one value.
func value(t testing.TB, q querier, query string, args ...any) string {
	t.Helper()
	v, err := ask(q, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func ask(q querier, query string, args ...any) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var v sql.NullString
	err := q.QueryRowContext(ctx, query, args...).Scan(&v)
	return v.String, err
}

func run(t testing.TB, q querier, query string, args ...any) {
	t.Helper()
	if err := try(q, query, args...); err != nil {
		t.Fatalf("%.100s: %v", query, err)
	}
}

func try(q querier, query string, args ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := q.ExecContext(ctx, query, args...)
	return err
}

// code is the number of a server's error, 0 for none and -1 for an error of another sort.
func code(err error) int {
	var e *mysql.MySQLError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return int(e.Number)
	}
	return -1
}

// until polls a condition, at most for the given time.
func until(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
