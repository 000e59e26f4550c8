package backends_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"

	"github.com/dbmesh/dbmesh/demo/backends"
)

func TestMain(m *testing.M) {
	backends.Quiet()
	os.Exit(m.Run())
}

func start(t *testing.T) *backends.Set {
	t.Helper()
	s, err := backends.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t *testing.T, b backends.Backend) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName = "tcp", b.Addr, backends.Schema
	c.User, c.Passwd = backends.User, backends.Password
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func value(t *testing.T, db *sql.DB, query string, args ...any) string {
	t.Helper()
	var v string
	if err := db.QueryRow(query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func must(t *testing.T, db interface {
	Exec(string, ...any) (sql.Result, error)
}, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestEachBackendServesTheShopUnderItsName(t *testing.T) {
	s := start(t)
	for _, b := range append([]backends.Backend{s.Writer}, s.Readers...) {
		db := open(t, b)
		if name := value(t, db, "SELECT backend_name()"); name != b.Name {
			t.Errorf("%s calls itself %s", b.Name, name)
		}
		if n := value(t, db, "SELECT COUNT(*) FROM orders o JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = o.product_id"); n != "200" {
			t.Errorf("%s has %s orders", b.Name, n)
		}
		if n := value(t, db, "SELECT name FROM products WHERE id = ?", 2); n != "Teapot" {
			t.Errorf("%s sells %s", b.Name, n)
		}
	}
}

func TestReadersSeeWritesAtOnceAndRefuseTheirOwn(t *testing.T) {
	s := start(t)
	must(t, open(t, s.Writer), "UPDATE products SET stock = 4711 WHERE id = 1")
	for _, b := range s.Readers {
		db := open(t, b)
		if v := value(t, db, "SELECT stock FROM products WHERE id = 1"); v != "4711" {
			t.Errorf("%s has %s", b.Name, v)
		}
		for _, args := range [][]any{nil, {1}} { // as text and prepared
			statement := "DELETE FROM products WHERE id = 1"
			if args != nil {
				statement = "DELETE FROM products WHERE id = ?"
			}
			_, err := db.Exec(statement, args...)
			var refused *mysql.MySQLError
			if !errors.As(err, &refused) || refused.Number != 1290 {
				t.Errorf("%s: %v", b.Name, err)
			}
		}
	}
}

func TestNoWriteIsLostAmongWritersAndReaders(t *testing.T) {
	s := start(t)
	const clients, writes = 4, 25
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for _, b := range s.Readers {
		db := open(t, b)
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := db.Exec("SELECT COUNT(*) FROM orders"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range clients {
		db := open(t, s.Writer)
		writers.Go(func() {
			for n := range writes {
				if err := buy(db, i, n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	for _, b := range append(s.Readers, s.Writer) {
		db := open(t, b)
		if n := value(t, db, "SELECT COUNT(*) FROM orders WHERE quantity = 99"); n != "100" {
			t.Errorf("%s has %s orders of 100", b.Name, n)
		}
		if n := value(t, db, "SELECT stock FROM products WHERE id = 1"); n != "-80" {
			t.Errorf("%s has a stock of %s", b.Name, n)
		}
	}
}

// buy is one transaction of two writes, or one write alone.
func buy(db *sql.DB, client, n int) error {
	if n%2 == 0 {
		_, err := db.Exec("INSERT INTO orders (customer_id, product_id, quantity, ordered_at) VALUES (?, 1, 99, NOW())", client+1)
		if err == nil {
			_, err = db.Exec("UPDATE products SET stock = stock - 1 WHERE id = 1")
		}
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE products SET stock = stock - 1 WHERE id = 1"); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if _, err := tx.Exec("INSERT INTO orders (customer_id, product_id, quantity, ordered_at) VALUES (?, 1, 99, NOW())", client+1); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func TestATransactionThatIsRolledBackOrLeftEndsItsTurn(t *testing.T) {
	s := start(t)
	first, second := open(t, s.Writer), open(t, s.Writer)
	tx, err := first.Begin()
	if err != nil {
		t.Fatal(err)
	}
	must(t, tx, "UPDATE products SET stock = 0")
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if v := value(t, second, "SELECT stock FROM products WHERE id = 1"); v != "20" {
		t.Fatalf("after the rollback the stock is %s", v)
	}
	left, err := net.Dial("tcp", s.Writer.Addr)
	if err != nil {
		t.Fatal(err)
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName, c.User, c.Passwd = "tcp", s.Writer.Addr, backends.Schema, backends.User, backends.Password
	c.DialFunc = func(context.Context, string, string) (net.Conn, error) { return left, nil }
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	gone := sql.OpenDB(connector)
	defer gone.Close()
	must(t, gone, "BEGIN")
	must(t, gone, "UPDATE products SET stock = 0")
	_ = left.Close()
	if v := value(t, second, "SELECT stock FROM products WHERE id = 1"); v != "20" {
		t.Fatalf("after the client left the stock is %s", v)
	}
}

func TestTablesMadeLaterAreReadableEverywhere(t *testing.T) {
	s := start(t)
	w := open(t, s.Writer)
	must(t, w, "CREATE DATABASE more")
	must(t, w, "CREATE TABLE more.t (id INT PRIMARY KEY)")
	must(t, w, "INSERT INTO more.t VALUES (1), (2)")
	for _, b := range s.Readers {
		if n := value(t, open(t, b), "SELECT COUNT(*) FROM more.t"); n != "2" {
			t.Errorf("%s has %s rows", b.Name, n)
		}
	}
}

func TestCloseCutsClientsAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := backends.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, s.Writer)
	must(t, db, "SELECT 1")
	cancel()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	within, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	if err := db.PingContext(within); err == nil {
		t.Fatal("a closed backend answers")
	}
	_ = db.Close()
}

func TestATakenAddressIsAnError(t *testing.T) {
	s := start(t)
	if _, err := backends.Start(t.Context(), s.Writer.Addr); err == nil {
		t.Fatal("two writers on one address")
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := backends.Start(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
