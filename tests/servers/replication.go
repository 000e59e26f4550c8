package servers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// catchUp bounds how long a replica may take to apply what the primary has.
const catchUp = 30 * time.Second

// Replication is a MariaDB primary and its replicas, which follow it by GTID and
// are read only for accounts like AppUser. It is asynchronous: a write is on the
// replicas a moment later, see Wait. Promote, Rejoin and Close are for one
// goroutine at a time.
type Replication struct {
	Nodes   []*Server
	primary int
}

// StartCluster starts a primary and n replicas, replication running; the caller
// closes it.
func StartCluster(n int, opts ...Option) (*Replication, error) {
	r := &Replication{Nodes: make([]*Server, n+1)}
	err := r.each(func(i int) error {
		node, err := startNode(collect(opts), []string{
			"--server-id=" + strconv.Itoa(i+1), "--log-bin=bin", "--relay-log=relay", "--log-slave-updates",
			"--binlog-format=ROW", "--gtid-strict-mode=ON", "--report-host=127.0.0.1",
		}, i != 0)
		r.Nodes[i] = node
		return err
	})
	if err == nil {
		err = r.connect()
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Replication) connect() error {
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	_, err := r.Primary().Query(ctx, "CREATE USER repl@'127.0.0.1' IDENTIFIED BY 'repl'; GRANT REPLICATION SLAVE ON *.* TO repl@'127.0.0.1'")
	if err != nil {
		return fmt.Errorf("make the replication account: %w", err)
	}
	if err := r.Primary().populate(ctx); err != nil {
		return err
	}
	if err := r.each(func(i int) error {
		if i == r.primary {
			return nil
		}
		return r.follow(ctx, r.Nodes[i])
	}); err != nil {
		return err
	}
	return r.wait(ctx)
}

// Primary is the node that takes writes.
func (r *Replication) Primary() *Server { return r.Nodes[r.primary] }

// Replicas are all other nodes, a dead one included.
func (r *Replication) Replicas() []*Server {
	var all []*Server
	for i, n := range r.Nodes {
		if i != r.primary {
			all = append(all, n)
		}
	}
	return all
}

// Close kills all nodes and removes their data.
func (r *Replication) Close() error {
	return r.each(func(i int) error {
		if r.Nodes[i] == nil {
			return nil
		}
		return r.Nodes[i].Close()
	})
}

// Wait returns when every running replica has applied what the primary has now.
func (r *Replication) Wait(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	if err := r.wait(ctx); err != nil {
		t.Fatal(err)
	}
}

// Lag holds a replica behind the primary by d, in whole seconds; 0 ends that.
// Seconds_Behind_Master counts up to d only once something is written.
func (r *Replication) Lag(t testing.TB, replica *Server, d time.Duration) {
	t.Helper()
	replica.SQL(t, fmt.Sprintf("STOP SLAVE; CHANGE MASTER TO MASTER_DELAY=%d; START SLAVE", int(d.Seconds())))
}

func (r *Replication) wait(ctx context.Context) error {
	rows, err := r.Primary().Query(ctx, "SELECT @@gtid_binlog_pos")
	if err != nil {
		return fmt.Errorf("read the primary's position: %w", err)
	}
	return r.each(func(i int) error {
		if i == r.primary || r.Nodes[i].PID() == 0 {
			return nil
		}
		return reach(ctx, r.Nodes[i], rows[0][0])
	})
}

func reach(ctx context.Context, s *Server, position string) error {
	rows, err := s.Query(ctx, "SELECT MASTER_GTID_WAIT(?, ?)", position, int(catchUp.Seconds()))
	if err != nil {
		return fmt.Errorf("wait for a replica: %w", err)
	}
	if rows[0][0] != "0" {
		return fmt.Errorf("replica %s did not reach %s within %s", s.Addr, position, catchUp)
	}
	return nil
}

// each runs the function for all nodes at once and joins the errors.
func (r *Replication) each(f func(i int) error) error {
	errs := make([]error, len(r.Nodes))
	var all sync.WaitGroup
	for i := range r.Nodes {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}
