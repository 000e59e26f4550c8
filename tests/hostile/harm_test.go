package hostile_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

const config = `
listeners:
  - {name: others, address: "${LISTEN}", chain: plain}
  - {name: victim, address: "127.0.0.1:${VICTIM}", chain: guarded}
pools:
  - {name: backends, health: {timeout: 10s}, backends: [{address: "${BACKEND}"}]}
chains:
  - name: plain
    links: [{kind: auth, mode: passthrough}]
  - name: guarded
    links:
      - {kind: auth, mode: passthrough}
      - {kind: wasm, name: rules, dir: "${DIR}", grant: [sql, log, rows]}
`

// What the process may grow by while a module is there, and when it is gone.
const (
	peakGrowth = 96 << 20
	restGrowth = 8 << 20
	restWithin = 30 * time.Second
)

// TestNobodyElseNotices drops one module after the other into the directory of a running
// dbmesh, and works behind it and beside it.
func TestNobodyElseNotices(t *testing.T) {
	v := startVictim(t)
	quiet := v.quiet(t)
	rest, before := v.settled(t, 0), v.memory(t, "VmRSS")
	t.Logf("without an attack: p99 of others %v, %d KiB resident", quiet, before>>10)
	for _, f := range families() {
		t.Run(f.title, func(t *testing.T) {
			for i, a := range f.attacks {
				if sidecar.Now() > sidecar.Short || i%5 == 0 { // the others were alone in the other test
					v.harm(t, a, &quiet, before)
				}
			}
			if got := v.settled(t, rest+restGrowth); got > rest+restGrowth {
				t.Errorf("%v after the last of them %d KiB are resident, %d before", restWithin, got>>10, rest>>10)
			}
		})
	}
}

// quiet measures others while a module comes, is asked and goes that does no harm.
func (v *victim) quiet(t *testing.T) time.Duration {
	t.Helper()
	v.others.begin()
	v.meet(t, attack{name: "calm", build: onQuery(nil, pass()), harmless: true})
	return v.others.quantile(t)
}

// harm runs one attack and judges what others noticed. What disturbs the machine disturbs the
// quiet times too: where an attack seems to have been noticed, both are measured again.
func (v *victim) harm(t *testing.T, a attack, quiet *time.Duration, before int64) {
	var p99 time.Duration
	for range 5 {
		v.resetPeak(t)
		v.others.begin()
		v.meet(t, a)
		p99 = v.others.quantile(t)
		if p99 < 3**quiet || sidecar.Now() == sidecar.Short {
			break
		}
		*quiet = max(*quiet, v.quiet(t))
	}
	if p99 >= 3**quiet && sidecar.Now() > sidecar.Short {
		t.Errorf("%s: p99 of other sessions is %v, %v without an attack", a.name, p99, *quiet)
	}
	if peak := v.peak(t); peak > before+peakGrowth {
		t.Errorf("%s: %d KiB resident at the peak, %d before", a.name, peak>>10, before>>10)
	}
}

// victim is a dbmesh with a directory for modules, and a bystander at work beside it.
type victim struct {
	mesh   *sidecar.Dbmesh
	dir    string
	dsn    string
	others *bystander
	log    int // how far its log was read
}

func startVictim(t *testing.T) *victim {
	server := shared.MariaDB(t)
	server.Create(t, servers.Account{Name: "victim", Password: "v"})
	dir := t.TempDir()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	mesh := sidecar.With(t, config, "BACKEND="+server.Addr, "DIR="+dir, fmt.Sprintf("VICTIM=%d", port), "XDG_CACHE_HOME="+t.TempDir())
	mesh.Complains = true
	dsn := func(addr string) string {
		c := server.Config("victim", "v", servers.Schema)
		c.Addr = addr
		return c.FormatDSN()
	}
	return &victim{
		mesh: mesh, dir: dir, dsn: dsn(fmt.Sprintf("127.0.0.1:%d", port)), others: startBystander(t, dsn(mesh.Addr)),
	}
}

// meet drops the module, works behind it, and takes it away.
func (v *victim) meet(t *testing.T, a attack) {
	path := filepath.Join(v.dir, a.name+".wasm")
	if err := os.WriteFile(path+".new", a.build(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	what := v.await(t, a.name, "filter in force", "filter refused")
	switch {
	case a.refused == "" && strings.Contains(what, "filter refused"):
		t.Errorf("%s is refused: %s", a.name, what)
	case a.refused != "" && !strings.Contains(what, a.refused):
		t.Errorf("%s: the log says %s, want %q", a.name, what, a.refused)
	}
	v.work(t, a)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if a.refused == "" {
		v.await(t, a.name, "filter removed")
	}
}

// await gives the next line of the log about the filter that has one of the messages.
func (v *victim) await(t *testing.T, name string, messages ...string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		text := v.mesh.Log()[v.log:]
		for line := range strings.Lines(text) {
			for _, m := range messages {
				if strings.Contains(line, `msg="`+m+`"`) && strings.Contains(strings.TrimSpace(line)+" ", "filter="+name+" ") {
					v.log += strings.Index(text, line) + len(line)
					return line
				}
			}
		}
	}
	t.Fatalf("dbmesh does not say %q of %s", messages, name)
	return ""
}

// work sends commands past the module. What is denied is told properly, and the session
// goes on.
func (v *victim) work(t *testing.T, a attack) {
	t.Helper()
	db, err := sql.Open("mysql", v.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := db.Conn(ctx)
	if err != nil {
		v.judge(t, a, err)
		return
	}
	defer c.Close()
	commands := 20
	if sidecar.Now() > sidecar.Short {
		commands = 200
	}
	for range commands {
		var one int
		err := c.QueryRowContext(ctx, "SELECT 1").Scan(&one)
		v.judge(t, a, err)
		if t.Failed() {
			return
		}
	}
}

func (v *victim) judge(t *testing.T, a attack, err error) {
	t.Helper()
	var e *mysql.MySQLError
	switch {
	case a.told == "" && err != nil:
		t.Errorf("%s: a command fails with %v", a.name, err)
	case a.told == "":
	case err == nil:
		t.Errorf("%s: a command passes, want an error with %q", a.name, a.told)
	case !errors.As(err, &e) || e.Number != 1105 || !strings.Contains(e.Message, a.told) || !strings.Contains(e.Message, "rules/"+a.name):
		t.Errorf("%s: a command fails with %v, want error 1105 that names the filter and says %q", a.name, err, a.told)
	}
}
