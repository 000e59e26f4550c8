//go:build linux

// Package peer starts and stops what is measured: the backend, the proxies in
// front of it and our own binary.
package peer

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Process is a server started here. The kernel kills it when the thread that
// started it ends, so Start belongs to a goroutine locked to its thread.
type Process struct {
	Name string
	Addr string
	cmd  *exec.Cmd
	done chan struct{}
}

// Start runs a command and waits until its address accepts connections. Its
// output goes to a file in dir. Words like A=B before the program are its environment.
func Start(name, addr, dir string, words []string) (*Process, error) {
	// Variables that say how to test are no keys of dbmesh's config.
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DBMESH_") })
	for len(words) > 0 && strings.Contains(words[0], "=") {
		env, words = append(env, words[0]), words[1:]
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("start %s: empty command", name)
	}
	out, err := os.OpenFile(filepath.Join(dir, name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer out.Close()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true, // Ctrl-C reaches the harness only
		Pdeathsig: syscall.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &Process{Name: name, Addr: addr, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // why it ended is in its output
		close(p.done)
	}()
	if err := p.ready(30 * time.Second); err != nil {
		p.Stop()
		return nil, fmt.Errorf("start %s, see %s: %w", name, out.Name(), err)
	}
	return p, nil
}

// PID returns the process id, which stays valid until Stop.
func (p *Process) PID() int { return p.cmd.Process.Pid }

func (p *Process) ready(limit time.Duration) error {
	for end := time.Now().Add(limit); ; {
		c, err := net.DialTimeout("tcp", p.Addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.done:
			return errors.New("it ended at once")
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(end) {
			return err
		}
	}
}

// Stop ends the process: politely, and after 10 s by force.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// FreeAddr returns an address of this machine that nobody listens on.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
