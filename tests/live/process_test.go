package live

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// process is a real dbmesh whose end the test judges itself, and whose config it rewrites.
type process struct {
	addr, path, log string
	cmd             *exec.Cmd
	exited          chan struct{}
}

// startProcess runs dbmesh with a config, in which port 0 gets a port that is free now.
func startProcess(t *testing.T, text string) *process {
	t.Helper()
	binary, err := sidecar.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &process{addr: freeAddr(t), path: filepath.Join(dir, "dbmesh.yaml"), log: filepath.Join(dir, "log"), exited: make(chan struct{})}
	p.write(t, text)
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(binary, "run", "--config", p.path, "--set", "admin.address=")
	p.cmd.Stdout, p.cmd.Stderr = out, out
	// Variables that say how to test are no keys of the config.
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DBMESH_") })
	err = p.cmd.Start()
	_ = out.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("dbmesh's log ends:\n%s", tailOf(p.text()))
		}
	})
	until(t, patience, "dbmesh listens", func() bool {
		c, err := net.Dial("tcp", p.addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return p
}

// write puts a config into the file, by a rename as editors and orchestrators do.
func (p *process) write(t *testing.T, text string) {
	t.Helper()
	text = strings.Replace(text, "127.0.0.1:0", p.addr, 1)
	if err := os.WriteFile(p.path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(p.path+".new", p.path); err != nil {
		t.Fatal(err)
	}
}

func (p *process) text() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// says waits until the log has all the words in one line.
func (p *process) says(t *testing.T, words ...string) {
	t.Helper()
	until(t, patience, fmt.Sprintf("the log says %q", words), func() bool {
	lines:
		for _, line := range strings.Split(p.text(), "\n") {
			for _, w := range words {
				if !strings.Contains(line, w) {
					continue lines
				}
			}
			return true
		}
		return false
	})
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ends waits for the process's end and gives its exit status.
func (p *process) ends(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(within):
		t.Fatalf("dbmesh did not end within %v", within)
	}
	return p.cmd.ProcessState.ExitCode()
}

// rss is the resident memory of the process in KiB.
func (p *process) rss(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	var kib int
	if _, err := fmt.Sscan(after, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}

func (p *process) files(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
