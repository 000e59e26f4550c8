package routing

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

const (
	user     = "routed"
	patience = 30 * time.Second
)

// nodes are the primary and its replica.
type nodes struct {
	*servers.Replication
	ids map[string]target // by @@server_id
}

// start makes the servers, with all that statements of the corpus name, and has them log what
// they are sent.
func start(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{Replication: servers.Cluster(t, 1), ids: map[string]target{}}
	first := n.Primary()
	first.Create(t, servers.Account{Name: user, Password: user})
	first.SQL(t, "GRANT FILE, PROCESS, RELOAD, BINLOG MONITOR, SHOW DATABASES ON *.* TO "+user+"@'%'; GRANT ALL ON other.* TO "+user+"@'%'; GRANT SELECT ON performance_schema.* TO "+user+"@'%'")
	for _, node := range n.Nodes {
		node.SQL(t, "SET GLOBAL log_bin_trust_function_creators = 1")
	}
	for _, statement := range schema() {
		first.SQL(t, statement)
	}
	n.Wait(t)
	for i, node := range n.Nodes {
		place := replica
		if i == 0 {
			place = primary
		}
		n.ids[node.Value(t, "SELECT @@server_id")] = place
		node.SQL(t, "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1")
	}
	if len(n.ids) != 2 {
		t.Fatalf("the servers are %v", n.ids)
	}
	return n
}

func schema() []string {
	return []string{
		"CREATE DATABASE other",
		"CREATE TABLE app.t (id INT PRIMARY KEY, a INT, b VARCHAR(40), j JSON, FULLTEXT (b)); INSERT INTO app.t VALUES (1, 10, 'one', '{\"k\": [1, 2]}'), (2, 20, 'two', '{}'), (3, 30, 'three', '[]')",
		"CREATE TABLE app.u (id INT AUTO_INCREMENT PRIMARY KEY, t_id INT, c DECIMAL(9, 2), d DATETIME DEFAULT NOW()); INSERT INTO app.u (t_id, c) VALUES (1, 1.5), (2, 2.5)",
		"CREATE TABLE app.p (id INT, y INT) PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
		"CREATE TABLE app.h (id INT) WITH SYSTEM VERSIONING",
		"CREATE TABLE app.`select` (`from` INT)",
		"CREATE TABLE other.t (id INT, a INT)",
		"CREATE VIEW app.v AS SELECT id, a FROM app.t",
		"CREATE SEQUENCE app.s",
		"CREATE FUNCTION app.counts(x INT) RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM app.t) + x",
		"CREATE FUNCTION app.writes() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO app.u (t_id) VALUES (9); RETURN 1; END",
		"CREATE PROCEDURE app.looks() SELECT COUNT(*) FROM app.t",
		"CREATE PROCEDURE app.adds() INSERT INTO app.u (t_id) VALUES (8)",
		"CREATE TRIGGER app.tr BEFORE INSERT ON app.p FOR EACH ROW SET NEW.id = NEW.y",
	}
}

// pooling is how sessions share connections, pooling.mode.
type pooling string

const (
	alone  pooling = "session"
	shared pooling = "transaction"
)

// mesh starts dbmesh before the servers: what is read-safe goes to the replica. router are
// more settings of the link.
func (n *nodes) mesh(t *testing.T, mode pooling, router string) *sidecar.Dbmesh {
	t.Helper()
	if router != "" {
		router += ", "
	}
	pool := func(name string, node *servers.Server) string {
		return fmt.Sprintf("  - {name: %s, tls: {mode: \"off\"}, health: {timeout: 10s}, pooling: {mode: %s, linger: 10s}, backends: [{address: %q}]}\n", name, mode, node.Addr)
	}
	d := sidecar.With(t, "listeners:\n  - {name: main, address: \"${LISTEN}\", pool: main, chain: main}\npools:\n"+
		pool("main", n.Nodes[0])+pool("readers", n.Nodes[1])+
		"chains:\n  - name: main\n    links:\n      - {kind: auth, mode: list, users: [{name: "+user+", password: "+user+"}]}\n"+
		"      - {kind: router, "+router+"rules: [{when: {read_safe: true}, pool: readers}]}\n      - {kind: balancer}\n")
	return d
}

// sight is what the servers were sent of one statement, by server.
type sight struct {
	sent     map[target]bool // as text, prepared or executed
	executed map[target]bool // as text or executed
}

// sights asks the servers what they were sent, by the token of each statement. What the
// replica applies of the primary's log is not what dbmesh has sent.
func (n *nodes) sights(t *testing.T) map[int]sight {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all := map[int]sight{}
	for _, node := range n.Nodes {
		rows, err := node.Query(ctx, "SELECT server_id, command_type, CONVERT(argument USING utf8mb4) FROM mysql.general_log"+
			" WHERE user_host LIKE '%"+user+"%' AND command_type IN ('Query', 'Prepare', 'Execute')")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			at, ok := n.ids[row[0]]
			if !ok {
				t.Fatalf("a row of server %s", row[0])
			}
			for _, found := range token.FindAllStringSubmatch(row[2], -1) {
				id, _ := strconv.Atoi(found[1])
				s, ok := all[id]
				if !ok {
					s = sight{map[target]bool{}, map[target]bool{}}
					all[id] = s
				}
				s.sent[at] = true
				if row[1] != "Prepare" {
					s.executed[at] = true
				}
			}
		}
	}
	return all
}

// unharmed fails unless the replica follows the primary still and has written nothing itself.
func (n *nodes) unharmed(t *testing.T) {
	t.Helper()
	n.Wait(t)
	for _, node := range n.Nodes {
		if state := node.Value(t, "SELECT @@gtid_binlog_state"); strings.Contains(state, ",") || !strings.HasPrefix(state, "0-1-") {
			t.Errorf("who has written on %s: %s", node.Addr, state)
		}
	}
}

var token = regexp.MustCompile(`/\*r([0-9]+)\*/`)

var hinted = regexp.MustCompile(`^/\*\s*dbmesh:.*?\*/`)

// marked puts a statement's token before it, behind a hint.
func marked(sql string, id int) string {
	at := len(hinted.FindString(sql))
	return fmt.Sprintf("%s/*r%d*/ %s", sql[:at], id, sql[at:])
}
