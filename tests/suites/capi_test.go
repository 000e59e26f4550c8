package suites

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// The package with MariaDB's own tests of its C client, and one with a library that they
// need. They are unpacked, not installed.
var capiPackages = []string{"mariadb-test", "libpcre2-posix3"}

// capi is mysql_client_test, MariaDB's own suite for the C API: prepared statements,
// cursors, long data, multi-results, bulk, change of user and the rest.
type capi struct {
	program, libraries, scratch string
	skip                        []string // tests to leave out
}

// singleWait bounds one test; the longest has MariaDB's punishments for refused changes of
// user to sit through.
const singleWait = time.Minute

func capiSuite(t *testing.T) *capi {
	t.Helper()
	folder, err := unpacked(capiPackages)
	if err != nil {
		if os.Getenv(servers.RequireVariable) == "1" {
			t.Fatal(err)
		}
		t.Skip("MariaDB's client tests are left out:", err)
	}
	found, err := filepath.Glob(filepath.Join(folder, "usr/lib/*/libpcre2-posix.so.3"))
	if err != nil || len(found) != 1 {
		t.Fatal("the unpacked package has no library: ", err, found)
	}
	return &capi{program: filepath.Join(folder, "usr/bin/mysql_client_test"), libraries: filepath.Dir(found[0]), scratch: t.TempDir()}
}

// unpacked gives a folder in the user's cache with the contents of Debian packages.
func unpacked(packages []string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "dbmesh", "unpacked-"+packages[0])
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	// Made elsewhere and renamed: a half-made one is never taken for a whole one.
	made, err := os.MkdirTemp(filepath.Dir(folder), "unpack-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	download := exec.Command("apt-get", append([]string{"-qq", "-o", "APT::Sandbox::User=root", "download"}, packages...)...)
	download.Dir = made
	if out, err := download.CombinedOutput(); err != nil {
		return "", fmt.Errorf("apt-get download %s: %w: %.300s", strings.Join(packages, " "), err, out)
	}
	archives, err := filepath.Glob(filepath.Join(made, "*.deb"))
	if err != nil {
		return "", err
	}
	for _, a := range archives {
		if out, err := exec.Command("dpkg-deb", "-x", a, made).CombinedOutput(); err != nil {
			return "", fmt.Errorf("unpack %s: %w: %.300s", a, err, out)
		}
		_ = os.Remove(a)
	}
	if err := os.Rename(made, folder); err != nil {
		return "", err
	}
	return folder, nil
}

func (c *capi) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.program, append([]string{"--no-defaults"}, args...)...)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+c.libraries)
	cmd.WaitDelay = time.Second
	return cmd
}

var testName = regexp.MustCompile(`(?m)^(test_\w+)$`)

func (c *capi) names(t *testing.T) []string {
	t.Helper()
	out, err := c.command(t.Context(), "--show-tests").CombinedOutput()
	names := testName.FindAllString(string(out), -1)
	if len(names) == 0 {
		t.Fatalf("mysql_client_test names no tests: %v\n%s", err, out)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return slices.Contains(c.skip, name) })
}

// run runs tests one by one: one that fails would end those behind it.
func (c *capi) run(ctx context.Context, port int, names []string) (findings, error) {
	found := findings{}
	scratch := filepath.Join(c.scratch, fmt.Sprint(port))
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return nil, err
	}
	for _, name := range names {
		one, cancel := context.WithTimeout(ctx, singleWait)
		out, err := c.command(one, "--silent", "--testcase", "--host=127.0.0.1", fmt.Sprintf("--port=%d", port),
			"--user=root", "--database=test", "--vardir="+scratch, name).CombinedOutput()
		late := one.Err() != nil
		cancel()
		result := "pass"
		var bad *exec.ExitError
		switch {
		case late:
			result = "no end"
		case errors.As(err, &bad):
			result = "fail"
		case err != nil:
			return nil, err
		}
		found[name] = finding{result, string(out)}
	}
	return found, nil
}

// TestMariaDBsOwnClientSuiteIsTheSameThroughDbmesh has a server for each way, for the
// suite changes global variables.
func TestMariaDBsOwnClientSuiteIsTheSameThroughDbmesh(t *testing.T) {
	notShort(t)
	capiSuite(t).compare(t, func(b *servers.Backend) *sidecar.Dbmesh { return sidecar.Before(t, b.Addr) })
}

// compare runs the suite both ways, with dbmesh started before the second server.
func (c *capi) compare(t *testing.T, start func(*servers.Backend) *sidecar.Dbmesh) {
	t.Helper()
	var port [2]int
	var backends [2]*servers.Backend
	for i := range port {
		b := servers.MariaDB(t, servers.WithoutTLS(), servers.Flags("--character-set-server=latin1", "--collation-server=latin1_swedish_ci")).Backend
		b.SQL(t, "CREATE DATABASE test; CREATE DATABASE mtr")
		backends[i], port[i] = b, b.Port
	}
	port[1] = start(backends[1]).Port
	all := c.names(t)
	ways := [2]func([]string) (findings, error){}
	for i := range ways {
		ways[i] = func(only []string) (findings, error) {
			if only == nil {
				only = all
			}
			return c.run(t.Context(), port[i], only)
		}
	}
	compare(t, "mysql_client_test on MariaDB", true, ways[0], ways[1])
}
