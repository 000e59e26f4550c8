package main

import (
	"bytes"
	"context"
	"database/sql/driver"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/demo/backends"
)

var binary, config string // of the dbmesh in the tree around the demo's module

func TestMain(m *testing.M) {
	backends.Quiet()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	root, err := filepath.Abs("../../..")
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "dbmesh-demo-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary, config = filepath.Join(dir, "dbmesh"), filepath.Join(root, "configs", "demo.yaml")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/dbmesh")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	if err := cmd.Run(); err != nil {
		return 1
	}
	return m.Run()
}

// paper is a screen that others read while it is written.
type paper struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func TestTheStoryShowsWhereEachCommandWent(t *testing.T) {
	var p paper
	if err := demo(t.Context(), &screen{w: &p}, binary, config, true); err != nil {
		t.Fatalf("%v\n%s", err, p.String())
	}
	for _, want := range []string{
		`logs in\n +auth pass .* > router pass .* > balancer pass .* writer .* welcome`,
		`WHERE id = 2\n +router pass .* > balancer pass .* > slow-log logged +reader-[12] .* Teapot, 11.25\n +rule 1 sends it to readers; read-safe: `,
		`SLEEP\(0.3\).*\n.* reader-[12] +[3-9]\d\d ms  Bergen, `,
		`INSERT INTO .*\n.* writer .* ok\n +no rule matches, it stays with writers; not read-safe: `,
		`FOR UPDATE\n.* writer .* 32\n +no rule matches, it stays with writers; not read-safe: `,
		`BEGIN\n.* writer .* ok\n.*\n.* SELECT stock .*\n.* writer .* 32\n +rule 1 matches, but the session must stay with writers; read-safe: `,
		`COMMIT\n.* writer .* ok\n.*\n.* SELECT stock .*\n.* reader-[12] .* 32\n +rule 1 sends it to readers; read-safe: `,
		`writers \*/ SELECT stock .*\n.* writer .* 32\n +its hint sends it to writers; read-safe: `,
		`FROM prices\n.* reader-[12] .* error 1146`,
		`SET @vat .*\n.* writer .* ok\n.*\n.* SELECT name.*\n.* writer .* Teapot, 11.25\n +rule 1 matches, but the session is pinned to writers: .*; read-safe: `,
		`archive \*/ SELECT .*\n +router deny .* - .*\n +error 1105: dbmesh: filter "router"`,
		`reporting logs in\n.* reader-[12] `,
		`backend_name.*\n.* reader-[12] .*201, .*\n +no rule matches, it stays with readers; not read-safe: `,
		`wrong password\n.* - .*\n +error 1045`,
	} {
		if !regexp.MustCompile(want).MatchString(p.String()) {
			t.Errorf("no %s in:\n%s", want, p.String())
		}
	}
	if both := p.String(); !strings.Contains(both, "reader-1, 201") || !strings.Contains(both, "reader-2, 201") {
		t.Errorf("reporting did not use both readers:\n%s", both)
	}
}

func TestTheDemoMovesAwayFromTakenPortsAndShowsOthersCommands(t *testing.T) {
	for _, addr := range []string{clientAddr, adminAddr, writerAddr} {
		if l, err := net.Listen("tcp", addr); err == nil {
			defer l.Close()
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var p paper
	ended := make(chan error, 1)
	go func() { ended <- demo(ctx, &screen{w: &p}, binary, config, false) }()
	paste := waitFor(t, &p, ended, `mysql --comments -h (\S+) -P (\d+)`)
	addr := net.JoinHostPort(paste[1], paste[2])
	if addr == clientAddr {
		t.Fatalf("it took %s, which is taken", addr)
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", addr, "demo", "demo", "shop"
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(interface{ Ping(context.Context) error }).Ping(ctx); err != nil {
		t.Fatal(err)
	}
	waitFor(t, &p, ended, `demo +ping\n +filters .* > backend .* writer .* ok`)
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "SELECT name FROM products", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, &p, ended, `demo +SELECT name .*\n +filters .* > backend .* reader-[12] .* 24 rows\n +went to readers; read-safe: `)
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(drainWait):
		t.Fatal("it does not end")
	}
}

func waitFor(t *testing.T, p *paper, ended chan error, pattern string) []string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if m := want.FindStringSubmatch(p.String()); m != nil {
			return m
		}
		select {
		case err := <-ended:
			t.Fatalf("the demo ended: %v\n%s", err, p.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("no %s in:\n%s", pattern, p.String())
	return nil
}
