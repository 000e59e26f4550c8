// Package sidecar starts the real dbmesh command for tests: built from this tree, in a
// process of its own, ended with SIGTERM when the test ends.
package sidecar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// errorLine is part of each line of the log that is an error.
const errorLine = "level=ERROR"

const (
	startWait = 20 * time.Second
	stopWait  = 40 * time.Second
)

// Dbmesh is a running dbmesh. Its methods are for the goroutine of the test.
type Dbmesh struct {
	Addr string // host:port of its listener
	Port int
	// Complains says that the test makes dbmesh log errors; without it they fail the test.
	Complains bool

	t      testing.TB
	cmd    *exec.Cmd
	config string // path of its config, "" if it has none
	log    string // path of what it says
	exited chan struct{}
	err    error // valid once exited is closed
}

// Before starts the shortest config: passthrough before one server. More arguments of
// "dbmesh run" may follow.
func Before(t testing.TB, backend string, args ...string) *Dbmesh {
	t.Helper()
	program, err := Binary()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, program, func(listen string) []string {
		return append([]string{"--backend", backend, "--listen", listen}, args...)
	}, nil)
}

// With starts dbmesh with a config's text, in which ${LISTEN} is the address to listen on.
// More variables for it may follow, as NAME=value.
func With(t testing.TB, config string, variables ...string) *Dbmesh {
	t.Helper()
	program, err := Binary()
	if err != nil {
		t.Fatal(err)
	}
	return Running(t, program, config, variables...)
}

// Running is With for a dbmesh that was built in another way.
func Running(t testing.TB, program, config string, variables ...string) *Dbmesh {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dbmesh.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	d := start(t, program, func(string) []string { return []string{"--config", path} }, variables)
	d.config = path
	return d
}

// Configure puts another config in the place of the one it was started With, by a rename
// as editors and orchestrators do, and asks dbmesh to read it.
func (d *Dbmesh) Configure(config string) error {
	if err := os.WriteFile(d.config+".new", []byte(config), 0o600); err != nil {
		return err
	}
	if err := os.Rename(d.config+".new", d.config); err != nil {
		return err
	}
	return d.cmd.Process.Signal(syscall.SIGHUP)
}

func start(t testing.TB, program string, arguments func(listen string) []string, variables []string) *Dbmesh {
	t.Helper()
	d := &Dbmesh{t: t, log: filepath.Join(t.TempDir(), "dbmesh.log"), exited: make(chan struct{})}
	var err error
	if d.Port, err = freePort(); err != nil {
		t.Fatal(err)
	}
	d.Addr = fmt.Sprintf("127.0.0.1:%d", d.Port)
	output, err := os.Create(d.log)
	if err != nil {
		t.Fatal(err)
	}
	d.cmd = exec.Command(program, append([]string{"run", "--set", "admin.address="}, arguments(d.Addr)...)...)
	d.cmd.Env = append(append(environment(), "LISTEN="+d.Addr), variables...)
	d.cmd.Stdout, d.cmd.Stderr = output, output
	err = d.spawn()
	_ = output.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.end)
	d.await()
	return d
}

// spawn starts the process so that it dies with the test. The kernel ties a child to the
// thread that made it, so one thread is held from start to exit.
func (d *Dbmesh) spawn() error {
	dieWithParent(d.cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := d.cmd.Start()
		started <- err
		if err == nil {
			d.err = d.cmd.Wait()
			close(d.exited)
		}
	}()
	return <-started
}

// environment is that of the test without DBMESH_ variables: those are about the test,
// and dbmesh would take them for its config.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DBMESH_") })
}

// await returns when the listener greets clients: at first dbmesh may not have heard of the
// backends yet.
func (d *Dbmesh) await() {
	d.t.Helper()
	deadline := time.Now().Add(startWait)
	for {
		err := d.greets()
		if err == nil {
			return
		}
		select {
		case <-d.exited:
			d.t.Fatalf("dbmesh ended: %v\n%s", d.err, d.Log())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("dbmesh does not greet: %v\n%s", err, d.Log())
		}
	}
}

func (d *Dbmesh) greets() error {
	c, err := net.Dial("tcp", d.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(startWait))
	first := make([]byte, 5) // a frame's header and the protocol version
	if _, err := io.ReadFull(c, first); err != nil {
		return err
	}
	if first[4] == 0xff {
		return errors.New("it refuses clients")
	}
	return nil
}

// Log is what dbmesh has said so far.
func (d *Dbmesh) Log() string {
	text, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Signal sends the process a signal.
func (d *Dbmesh) Signal(s syscall.Signal) {
	d.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

// PID is the id of the process.
func (d *Dbmesh) PID() int { return d.cmd.Process.Pid }

// Exited is closed when the process has ended.
func (d *Dbmesh) Exited() <-chan struct{} { return d.exited }

// end stops dbmesh as an orchestrator does, and fails the test if it does not end well.
func (d *Dbmesh) end() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.exited:
	case <-time.After(stopWait):
		d.t.Errorf("dbmesh did not end %s after SIGTERM", stopWait)
		_ = d.cmd.Process.Kill()
		<-d.exited
	}
	var bad *exec.ExitError
	if d.err != nil && errors.As(d.err, &bad) {
		d.t.Errorf("dbmesh ended with %v", d.err)
	}
	log := d.Log()
	for _, word := range []string{"panic", "DATA RACE", errorLine} {
		if strings.Contains(log, word) && !(d.Complains && word == errorLine) {
			d.t.Errorf("dbmesh's log has %q", word)
		}
	}
	if d.t.Failed() {
		d.t.Logf("dbmesh's log ends:\n%s", lastBytes(log, 4000))
	}
}

func lastBytes(text string, n int) string {
	if len(text) > n {
		return text[len(text)-n:]
	}
	return text
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// trim is for messages of programs.
func trim(text []byte) string { return string(bytes.TrimSpace(text)) }

// FreeAddr is an address that nobody listens on, for a listener more than the config's one.
func FreeAddr(t testing.TB) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}
