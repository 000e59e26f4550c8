//go:build linux

package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// countEvery is the time between two looks at the server's count of connections.
const countEvery = 50 * time.Millisecond

// counter asks the server for the number of its connections while a run goes on.
type counter struct {
	stop chan struct{}
	done chan struct{}
	most int
	err  error
}

// startCounter begins to look, over a connection of its own that is not counted.
func (b *bench) startCounter() (*counter, error) {
	conn, err := client.Dial(b.backend, client.Account{User: b.user, Password: b.password})
	if err != nil {
		return nil, fmt.Errorf("count connections: %w", err)
	}
	c := &counter{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for c.err == nil {
			if c.err = c.look(conn); c.err != nil {
				break
			}
			select {
			case <-c.stop:
				c.err = conn.Quit()
				return
			case <-time.After(countEvery):
			}
		}
		_ = conn.Close()
	}()
	return c, nil
}

// look asks once. TiDB keeps no such figure in its status, but shows an account its sessions.
func (c *counter) look(conn *client.Conn) error {
	row, err := answer(conn, "SHOW GLOBAL STATUS LIKE 'Threads_connected'")
	if err == nil && len(row) == 0 {
		row, err = answer(conn, "SELECT 'sessions', COUNT(*) FROM information_schema.processlist")
	}
	if err != nil {
		return err
	}
	// The row has the name of the figure, the figure, and before each its length.
	if len(row) < 1 || 1+int(row[0]) >= len(row) {
		return fmt.Errorf("the server gives no number of connections, but %q", row)
	}
	n, err := strconv.Atoi(string(row[1+int(row[0])+1:]))
	if err != nil {
		return err
	}
	c.most = max(c.most, n-1)
	return nil
}

// answer is the last row of the answer to a query; it is valid until the next.
func answer(conn *client.Conn, sql string) ([]byte, error) {
	if err := conn.Send(client.Append(nil, client.Query, []byte(sql))); err != nil {
		return nil, err
	}
	r, err := conn.Reply(1)
	return r.Row, err
}

// peak ends the looking and gives the greatest number seen.
func (c *counter) peak() (int, error) {
	close(c.stop)
	<-c.done
	if c.err != nil {
		return 0, fmt.Errorf("count connections: %w", c.err)
	}
	return c.most, nil
}
