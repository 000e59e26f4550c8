package live

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// Clients may come by a unix socket, and backends be reached by one.
func TestUnixSocketsServeOnBothSides(t *testing.T) {
	server := shared.MariaDB(t)
	dir, err := os.MkdirTemp("", "live") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mesh.sock")
	text := strings.Replace(setup{backends: []string{"unix:" + server.Socket}, links: usualLinks}.text(), "127.0.0.1:0", "unix:"+path, 1)

	// A file that a killed process left behind is no obstacle.
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = stale.Close()
	m := startMesh(t, parts{}, text)
	by := func(c *mysql.Config) { c.Net, c.Addr = "unix", path }
	c := session(t, app(t, "", by))
	if got := value(t, c, "SELECT SUBSTRING_INDEX(USER(), '@', -1)"); got != "localhost" {
		t.Errorf("the server sees the client at %q", got)
	}
	if err := m.apply(text); err != nil {
		t.Fatal(err)
	}
	run(t, c, "DO 1")

	// A living one is.
	binary, err := sidecar.Binary()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "second.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(binary, "run", "--config", config, "--set", "admin.address=").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another process listens there") {
		t.Errorf("a second process on the socket: %v, %s", err, out)
	}
	run(t, app(t, "", by), "DO 1")
	_ = c.Close()
	m.server.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket's file is left behind: %v", err)
	}
}

// A process that runs out of descriptors waits for some to come free; it neither ends nor
// fills the log.
func TestRunningOutOfDescriptorsIsSurvived(t *testing.T) {
	p := startProcess(t, before(shared.MariaDB(t).Backend, usualLinks).text())
	used := uint64(p.files(t))
	limit := unix.Rlimit{Cur: used + 20, Max: used + 20}
	if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		t.Skip(err)
	}
	var conns []net.Conn
	for range 60 {
		c, err := net.DialTimeout("tcp", p.addr, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	p.says(t, "accept", "too many open files")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	<-ctx.Done()
	cancel()
	if n := strings.Count(p.text(), "too many open files"); n > 40 {
		t.Errorf("%d lines in 2 s", n)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	until(t, patience, "a login passes again", func() bool {
		r, err := openRaw(p.addr, "app", "app")
		if err == nil {
			_ = r.Close()
		}
		return err == nil
	})
}
