package servers

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// Promote makes a replica the primary and has the others follow it. An old
// primary that runs is made read only first and its last write waited for, so
// nothing is lost; the tail of one that is dead may be lost, as in life.
func (r *Replication) Promote(t testing.TB, node *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	if err := r.promote(ctx, node); err != nil {
		t.Fatal(err)
	}
}

// Rejoin runs a node again, if it does not run, and has it follow the primary of now.
// A node that holds writes which the primary never got stays apart, by an error.
func (r *Replication) Rejoin(t testing.TB, node *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	if err := r.rejoin(ctx, node); err != nil {
		t.Fatal(err)
	}
}

func (r *Replication) promote(ctx context.Context, node *Server) error {
	next, err := r.index(node)
	if err != nil {
		return err
	}
	old := r.Primary()
	if old.PID() != 0 {
		rows, err := old.Query(ctx, "SET GLOBAL read_only=1; SELECT @@gtid_binlog_pos")
		if err != nil {
			return fmt.Errorf("make the old primary read only: %w", err)
		}
		if err := reach(ctx, node, rows[0][0]); err != nil {
			return err
		}
	}
	if _, err := node.Query(ctx, "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only=0"); err != nil {
		return fmt.Errorf("promote %s: %w", node.Addr, err)
	}
	old.readOnly.Store(true)
	node.readOnly.Store(false)
	r.primary = next
	return r.each(func(i int) error {
		if i == r.primary || r.Nodes[i].PID() == 0 {
			return nil
		}
		return r.follow(ctx, r.Nodes[i])
	})
}

func (r *Replication) rejoin(ctx context.Context, node *Server) error {
	if node == r.Primary() {
		return errors.New("the primary cannot follow itself")
	}
	if node.PID() == 0 {
		if err := node.Start(); err != nil {
			return err
		}
	}
	if err := r.follow(ctx, node); err != nil {
		return err
	}
	return r.wait(ctx)
}

// follow has a node replicate from the primary, beginning after the last write it
// has, its own ones from a time as primary included.
func (r *Replication) follow(ctx context.Context, node *Server) error {
	_, err := node.Query(ctx, `STOP SLAVE; SET GLOBAL read_only=1; SET GLOBAL gtid_slave_pos=@@gtid_current_pos;
		CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=?, MASTER_USER='repl', MASTER_PASSWORD='repl',
		MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, MASTER_HEARTBEAT_PERIOD=1; START SLAVE`, r.Primary().Port)
	if err != nil {
		return fmt.Errorf("have %s follow %s: %w", node.Addr, r.Primary().Addr, err)
	}
	return nil
}

func (r *Replication) index(node *Server) (int, error) {
	for i, n := range r.Nodes {
		if n == node {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s is no node of this cluster", node.Addr)
}
