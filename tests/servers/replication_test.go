package servers_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// write inserts as the application does, so that a read only server refuses.
func write(t *testing.T, s *servers.Server, id string) error {
	t.Helper()
	_, err := login(t, s.Config(servers.AppUser, servers.AppPassword, servers.Schema), "INSERT INTO t VALUES ("+id+") RETURNING id")
	return err
}

func TestReplicasFollowAndRefuseWrites(t *testing.T) {
	c := shared.Cluster(t)
	c.Primary().SQL(t, "CREATE OR REPLACE TABLE app.t (id INT PRIMARY KEY)")
	if err := write(t, c.Primary(), "1"); err != nil {
		t.Fatal(err)
	}
	c.Wait(t)
	for _, r := range c.Replicas() {
		if n := r.Value(t, "SELECT COUNT(*) FROM app.t"); n != "1" {
			t.Errorf("%s rows on a replica", n)
		}
		var refused *mysql.MySQLError
		if err := write(t, r, "2"); !errors.As(err, &refused) || refused.Number != 1290 {
			t.Errorf("a replica took a write or failed otherwise: %v", err)
		}
		if v := r.Value(t, "SELECT @@read_only"); v != "1" {
			t.Errorf("read_only is %s", v)
		}
	}
}

func TestALaggingReplicaIsBehindUntilTheLagEnds(t *testing.T) {
	c := servers.Cluster(t, 1)
	slow := c.Replicas()[0]
	c.Lag(t, slow, time.Hour)
	c.Primary().SQL(t, "CREATE TABLE app.t (id INT)")
	sent := c.Primary().Value(t, "SELECT @@gtid_binlog_pos")
	deadline := time.Now().Add(20 * time.Second)
	for slow.Record(t, "SHOW SLAVE STATUS")["Gtid_IO_Pos"] != sent {
		if time.Now().After(deadline) {
			t.Fatal("the replica did not receive the write")
		}
	}
	if n := slow.Value(t, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app'"); n != "0" {
		t.Fatal("the replica has the table though it lags")
	}
	c.Lag(t, slow, 0)
	c.Wait(t)
	if n := slow.Value(t, "SELECT COUNT(*) FROM app.t"); n != "0" {
		t.Fatal(n)
	}
}

func TestPromotionsLoseNothingAndADeadPrimaryComesBackAsReplica(t *testing.T) {
	c := servers.Cluster(t, 2)
	old := c.Primary()
	old.SQL(t, "CREATE TABLE app.t (id INT PRIMARY KEY)")
	if err := write(t, old, "1"); err != nil {
		t.Fatal(err)
	}
	next := c.Replicas()[0]
	c.Promote(t, next) // while the old one runs
	if err := write(t, old, "99"); err == nil {
		t.Fatal("the old primary still takes writes")
	}
	if err := write(t, next, "2"); err != nil {
		t.Fatal(err)
	}
	c.Wait(t)
	if err := next.Kill9(); err != nil {
		t.Fatal(err)
	}
	c.Promote(t, old) // after a crash
	if err := write(t, old, "3"); err != nil {
		t.Fatal(err)
	}
	c.Rejoin(t, next)
	for _, s := range c.Nodes {
		if sum := s.Value(t, "SELECT SUM(id) FROM app.t"); sum != "6" {
			t.Errorf("the rows on %s sum up to %s", s.Addr, sum)
		}
	}
	if err := write(t, next, "4"); err == nil {
		t.Fatal("the dead primary came back writable")
	}
}
