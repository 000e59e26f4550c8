package leak

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// census counts dbmesh's connections as the server has them. A connection that dbmesh has
// closed stays in the server's list until its thread notices, so what counts is a
// connection in that list whose other end still is an established socket of this machine.
// One that carries a KILL is no session's, comes beside the limit, and goes with it: so
// what counts is there in two looks, one after the other.
type census struct {
	limit   int
	port    int
	before  map[string]bool
	Peak    int // at one look, those of a KILL included
	Steady  int // in two
	Closing int // that the server still had
	Looks   int
}

// look takes one sample; the server may be away.
func (c *census) look(w *world) error {
	listed, err := w.clients()
	if err != nil {
		c.before = nil
		return nil
	}
	open, err := established(c.port)
	if err != nil {
		return err
	}
	now := map[string]bool{}
	steady := 0
	for _, port := range listed {
		if !open[port] {
			continue
		}
		now[port] = true
		if c.before[port] {
			steady++
		}
	}
	c.before = now
	c.Looks++
	c.Peak, c.Steady, c.Closing = max(c.Peak, len(now)), max(c.Steady, steady), max(c.Closing, len(listed)-len(now))
	if steady > c.limit {
		return leakf("%d connections to the server, %d are allowed", steady, c.limit)
	}
	return nil
}

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

// established are the local ports of sockets that are connected to a port of this machine.
func established(port int) (map[string]bool, error) {
	const isEstablished = "01"
	f, err := os.Open("/proc/net/tcp")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	open := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != isEstablished {
			continue
		}
		local, remote := hexPort(fields[1]), hexPort(fields[2])
		if remote == int64(port) {
			open[strconv.FormatInt(local, 10)] = true
		}
	}
	return open, nil
}

func hexPort(address string) int64 {
	_, port, _ := strings.Cut(address, ":")
	n, err := strconv.ParseInt(port, 16, 32)
	if err != nil {
		return -1 // the heading
	}
	return n
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
			t.Logf("connections: at most %d of sessions, %d with those of KILL, and %d that the server had yet to close, in %d looks",
				c.Steady, c.Peak, c.Closing, c.Looks)
			if c.Looks == 0 {
				t.Error("the server was never asked for its connections")
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
		if err := c.look(w); err != nil {
			w.fail(fmt.Errorf("the count of connections (seed %d): %w", w.seed, err))
		}
	}
}
