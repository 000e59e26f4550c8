package leak

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// census counts dbmesh's connections as the server has them. One that carries a KILL is no
// session's, comes beside the limit and ends with it; so what counts is listed twice, a few
// milliseconds apart. If those are too many, some may be closed by dbmesh without the server
// having noticed: then those count whose other end still is an established socket of this
// machine.
type census struct {
	limit    int
	port     int
	peak     int
	unclosed int // looks at which the server had more, closed by dbmesh
	looks    int
}

// look takes one sample; the server may be away.
func (c *census) look(w *world) error {
	first, err := w.clients()
	if err != nil {
		return nil
	}
	time.Sleep(apart)
	second, err := w.clients()
	if err != nil {
		return nil
	}
	both := slices.DeleteFunc(second, func(port string) bool { return !slices.Contains(first, port) })
	c.looks++
	if len(both) > c.limit {
		open, err := servers.Sockets(c.port)
		if err != nil {
			return err
		}
		c.unclosed++
		both = slices.DeleteFunc(both, func(port string) bool { return !open[port] })
	}
	c.peak = max(c.peak, len(both))
	if len(both) > c.limit {
		return leakf("%d connections to the server, %d are allowed", len(both), c.limit)
	}
	return nil
}

const apart = 5 * time.Millisecond

// clients are the ports from which the sessions' accounts are connected.
func (w *world) clients() ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := w.root.QueryContext(ctx, "SELECT host FROM information_schema.processlist WHERE user IN ('app', 'other')")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ports []string
	for rows.Next() {
		var host string
		if err := rows.Scan(&host); err != nil {
			return nil, err
		}
		_, port, _ := strings.Cut(host, ":")
		ports = append(ports, port)
	}
	return ports, rows.Err()
}

// keep counts until the world ends.
func (c *census) keep(t *testing.T, w *world) {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Log("connections are not counted: this system does not tell of its sockets")
		return
	}
	for {
		select {
		case <-w.done:
			t.Logf("connections: at most %d in %d looks, and more that the server had yet to close in %d", c.peak, c.looks, c.unclosed)
			if c.looks == 0 {
				t.Error("the server was never asked for its connections")
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
		if err := c.look(w); err != nil {
			w.fail(fmt.Errorf("the count of connections (seed %d): %w", w.seed, err))
		}
	}
}
