package suites

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

const driverModule = "github.com/go-sql-driver/mysql"

// suite is go-sql-driver's own tests, compiled.
type suite struct {
	dir, binary string
	skip        string // more tests to leave out, "" for none
}

// driverSuite compiles the tests of the version that go.mod pins, from a copy of the
// module's source: the module cache is read only.
func driverSuite(t *testing.T) suite {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", driverModule).Output()
	if err != nil {
		t.Fatalf("find %s: %v", driverModule, err)
	}
	s := suite{dir: filepath.Join(t.TempDir(), "mysql")}
	s.binary = filepath.Join(s.dir, "driver.test")
	if err := os.CopyFS(s.dir, os.DirFS(strings.TrimSpace(string(out)))); err != nil {
		t.Fatal(err)
	}
	writable(t, s.dir)
	build := exec.Command("go", "test", "-c", "-trimpath", "-mod=mod", "-o", s.binary, ".")
	build.Dir = s.dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("compile the driver's tests: %v\n%s", err, out)
	}
	return s
}

func writable(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			err = os.Chmod(path, 0o755)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Tests that are left out, for their own sake. The first dials 1.1.1.1 instead of the
// server under test; where a network answers for that address the driver panics, and with
// it go all tests that follow. Two others, with 65,535 parameters and with statements as
// long as the server takes, keep TiDB busy for minutes. The last wants two rows in the order
// in which they were inserted, without ORDER BY; now and then TiDB gives them the other way round.
var leftOut = map[servers.Flavour]string{
	servers.FlavourMariaDB: "^TestConnectorReturnsTimeout$",
	servers.FlavourTiDB:    "^(TestConnectorReturnsTimeout|TestPreparedManyCols|TestLongData|TestStmtMultiRows)$",
}

// skipped adds to leftOut, for the short run, statements of 32 MB by the dozen.
func (s suite) skipped(flavour servers.Flavour) string {
	all := leftOut[flavour]
	if sidecar.Now() == sidecar.Short {
		all += "|^TestLongData$"
	}
	if s.skip != "" {
		all += "|" + s.skip
	}
	return all
}

// run runs the suite, or only some of its top-level tests, against an address.
func (s suite) run(flavour servers.Flavour, address string, only []string) (findings, error) {
	args := []string{"tool", "test2json", "-t", s.binary, "-test.v=test2json", "-test.count=1", "-test.timeout=2m",
		"-test.skip=" + s.skipped(flavour)}
	if only != nil {
		args = append(args, "-test.run=^("+strings.Join(topLevel(only), "|")+")$")
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "MYSQL_TEST_USER=driver", "MYSQL_TEST_PASS=driver", "MYSQL_TEST_PROT=tcp",
		"MYSQL_TEST_ADDR="+address, "MYSQL_TEST_DBNAME=gotest", "MYSQL_TEST_CONCURRENT=1")
	out, err := cmd.Output()
	found := parse(out)
	if err != nil && found.count("fail") == 0 {
		return nil, fmt.Errorf("the driver's tests: %w\n%s", err, out)
	}
	return found, nil
}

func topLevel(names []string) []string {
	top := make([]string, len(names))
	for i, name := range names {
		top[i], _, _ = strings.Cut(name, "/")
	}
	return top
}

// parse reads the lines of test2json.
func parse(out []byte) findings {
	found, output := findings{}, map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct{ Action, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &event) != nil || event.Test == "" {
			continue
		}
		switch event.Action {
		case "output":
			output[event.Test] += event.Output
		case "pass", "skip", "fail":
			found[event.Test] = finding{event.Action, output[event.Test]}
		}
	}
	return found
}

// prepare makes what the suite expects to be there.
func (s suite) prepare(t *testing.T, b *servers.Backend) {
	t.Helper()
	b.SQL(t, "DROP DATABASE IF EXISTS gotest; CREATE DATABASE gotest")
	b.Create(t, servers.Account{Name: "driver", Password: "driver", Grant: "ALL ON *.*"})
}

// compare runs the suite both ways.
func (s suite) compare(t *testing.T, title string, b *servers.Backend, d *sidecar.Dbmesh) {
	t.Helper()
	s.prepare(t, b)
	compare(t, title, false,
		func(only []string) (findings, error) { return s.run(b.Flavour, b.Addr, only) },
		func(only []string) (findings, error) { return s.run(b.Flavour, d.Addr, only) })
}

// One of the suite's tests opens as many connections as the server takes.
const few = "--max-connections=151"

func TestTheDriversOwnSuiteIsTheSameThroughDbmesh(t *testing.T) {
	s := driverSuite(t)
	t.Run("mariadb", func(t *testing.T) {
		b := servers.MariaDB(t, servers.WithoutTLS(), servers.Flags(few)).Backend // as the shortest config has none
		s.compare(t, "go-sql-driver on MariaDB", b, sidecar.Before(t, b.Addr))
	})
	t.Run("mariadb with TLS", func(t *testing.T) {
		notShort(t)
		b := servers.MariaDB(t, servers.Flags(few)).Backend
		d := sidecar.With(t, tlsConfig, "CERT="+b.TLS.ServerCert, "KEY="+b.TLS.ServerKey, "CA="+b.TLS.CA, "BACKEND="+b.Addr)
		s.compare(t, "go-sql-driver on MariaDB with TLS", b, d)
	})
	t.Run("tidb", func(t *testing.T) {
		notShort(t)
		b := servers.TiDB(t, 1, servers.WithoutTLS()).Ends[0]
		s.compare(t, "go-sql-driver on TiDB", b, sidecar.Before(t, b.Addr))
	})
}

func notShort(t *testing.T) {
	t.Helper()
	if sidecar.Now() == sidecar.Short {
		t.Skip("left out of the short run; make test-ci has it")
	}
}

// tlsConfig is the shortest config with TLS on both sides.
const tlsConfig = `
listeners:
  - address: ${LISTEN}
    tls: {cert: "${CERT}", key: "${KEY}"}
pools:
  - name: backends
    health: {interval: 10s, timeout: 10s}
    backends:
      - address: ${BACKEND}
    tls: {ca: "${CA}"}
`
