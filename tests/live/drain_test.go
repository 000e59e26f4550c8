package live

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

const inTransactions = 100

// At SIGTERM sessions in transactions go on to their end, others end, nobody new comes in.
func TestSIGTERMCutsNoTransactionInsideTheDeadline(t *testing.T) {
	server := shared.MariaDB(t)
	server.SQL(t, "CREATE TABLE IF NOT EXISTS app.drain (id INT PRIMARY KEY, n INT); DELETE FROM app.drain")
	p := startProcess(t, before(server.Backend, usualLinks).text())
	db := app(t, p.addr)
	db.SetMaxIdleConns(2 * inTransactions)

	var txs []*sql.Tx
	for i := range inTransactions {
		tx, err := db.BeginTx(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		run(t, tx, fmt.Sprintf("INSERT INTO drain VALUES (%d, 0)", i))
		txs = append(txs, tx)
	}
	idle := dialRaw(t, p.addr, "app", "app")
	running := session(t, app(t, p.addr))
	ran := make(chan error, 1)
	go func() { ran <- try(running, "DO SLEEP(2)") }()
	until(t, 10*time.Second, "the statement runs", func() bool {
		return server.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE info = 'DO SLEEP(2)'") == "1"
	})

	p.signal(t, syscall.SIGTERM)
	p.says(t, "draining")
	if n, err := idle.Read(make([]byte, 1)); err == nil {
		t.Errorf("an idle session got %d bytes in place of its end", n)
	}
	if c, err := net.DialTimeout("tcp", p.addr, time.Second); err == nil {
		_ = c.Close()
		t.Error("a new connection was accepted")
	}
	var all sync.WaitGroup
	errs := make(chan error, inTransactions)
	for i, tx := range txs {
		all.Go(func() {
			for range 3 {
				if err := try(tx, fmt.Sprintf("UPDATE drain SET n = n + 1 WHERE id = %d", i)); err != nil {
					errs <- err
					return
				}
				time.Sleep(50 * time.Millisecond) // a client that thinks
			}
			errs <- tx.Commit()
		})
	}
	all.Wait()
	for range txs {
		if err := <-errs; err != nil {
			t.Errorf("transaction: %v", err)
		}
	}
	if err := <-ran; err != nil {
		t.Errorf("the running statement: %v", err)
	}
	if status := p.ends(t, 10*time.Second); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if got := server.Value(t, "SELECT CONCAT(COUNT(*), ' ', SUM(n)) FROM app.drain"); got != "100 300" {
		t.Errorf("rows and sum: %s", got)
	}
}

func TestASecondSIGTERMEndsAtOnce(t *testing.T) {
	p := startProcess(t, before(shared.MariaDB(t).Backend, usualLinks).text())
	c := session(t, app(t, p.addr))
	run(t, c, "BEGIN")
	run(t, c, "SELECT 1")
	p.signal(t, syscall.SIGTERM)
	p.says(t, "draining")
	run(t, c, "SELECT 1")
	p.signal(t, syscall.SIGTERM)
	if status := p.ends(t, 10*time.Second); status != 0 { // the drain would take 30 s
		t.Errorf("exit status %d", status)
	}
	if err := try(c, "SELECT 1"); err == nil {
		t.Error("the session outlived the process")
	}
}

// Who has not even said who it is keeps no process from its end.
func TestHalfFinishedLoginsDoNotHoldUpTheDrain(t *testing.T) {
	p := startProcess(t, before(shared.MariaDB(t).Backend, usualLinks).text())
	for range 3 {
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Read(make([]byte, 1)); err != nil { // the greeting
			t.Fatal(err)
		}
	}
	p.signal(t, syscall.SIGTERM)
	if status := p.ends(t, 7*time.Second); status != 0 { // a login may take 10 s
		t.Errorf("exit status %d", status)
	}
}

func TestTheDrainCutsWhatOutlivesItsDeadline(t *testing.T) {
	s := before(shared.MariaDB(t).Backend, usualLinks)
	s.top = "drain_timeout: 1s\n"
	p := startProcess(t, s.text())
	c := session(t, app(t, p.addr))
	run(t, c, "BEGIN")
	start := time.Now()
	p.signal(t, syscall.SIGTERM)
	if status := p.ends(t, 10*time.Second); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if took := time.Since(start); took < 900*time.Millisecond || took > 9*time.Second {
		t.Errorf("the drain took %v, want about 1s", took)
	}
	p.says(t, "sessions cut off", "sessions=1")
}
