package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// entry is one line of dbmesh's slow-log, in its JSON format.
type entry struct {
	Message string  `json:"msg"`
	Filter  string  `json:"filter"`
	Session uint32  `json:"session"`
	User    string  `json:"user"`
	Code    string  `json:"code"`
	SQL     string  `json:"sql"`
	Pool    string  `json:"pool"`
	Backend string  `json:"backend"`
	Total   float64 `json:"seconds"`
	Filters float64 `json:"filters_seconds"`
	Served  float64 `json:"backend_seconds"`
	Rows    uint64  `json:"rows"`
	Changed uint64  `json:"affected"`
	Error   string  `json:"error"`
	Number  int     `json:"error_code"`
}

// sidecar is the dbmesh process.
type sidecar struct {
	client, admin string // addresses
	config        string // path of what it runs
	entries       chan entry
	lines         chan string // what else it says
	ended         chan struct{}

	cmd *exec.Cmd
	dir string
	err error // of the process, once ended is closed

	mu   sync.Mutex
	last []string // its last lines
}

// startSidecar runs dbmesh and waits until it can serve clients.
func startSidecar(ctx context.Context, binary, config string, addrs addresses) (*sidecar, error) {
	dir, err := os.MkdirTemp("", "dbmesh-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	s := &sidecar{
		client: addrs[clientAddr], admin: addrs[adminAddr], dir: dir,
		entries: make(chan entry, 256), lines: make(chan string, 256), ended: make(chan struct{}),
	}
	if s.config, err = addrs.rewrite(config, dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.cmd = exec.Command(binary, "run", "--config", s.config, "--set", "admin.address="+s.admin)
	s.cmd.SysProcAttr = apart()
	// DBMESH_ variables would change the config that the demo tells of.
	s.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DBMESH_") })
	said, err := s.cmd.StderrPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start dbmesh: %w", err), os.RemoveAll(dir))
	}
	go s.read(said)
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// read sorts what dbmesh says: slow-log lines are JSON, its own log is text.
func (s *sidecar) read(said io.Reader) {
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Message == "slow command" {
			offer(s.entries, e)
			continue
		}
		s.remember(lines.Text())
		offer(s.lines, lines.Text())
	}
	s.err = s.cmd.Wait()
	close(s.ended)
}

// offer drops what nobody takes: dbmesh must never wait for a slow terminal.
func offer[T any](to chan T, v T) {
	select {
	case to <- v:
	default:
	}
}

func (s *sidecar) remember(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = append(s.last, line)
	if len(s.last) > 20 {
		s.last = s.last[1:]
	}
}

func (s *sidecar) tail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.last, "\n")
}

// ready waits for /readyz to say so.
func (s *sidecar) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	for {
		if _, err := s.get(ctx, "/readyz"); err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("dbmesh ended at once:\n%s", s.tail())
		case <-ctx.Done():
			return fmt.Errorf("dbmesh is not ready after %s:\n%s", startWait, s.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// get asks dbmesh's HTTP side.
func (s *sidecar) get(ctx context.Context, path string) ([]byte, error) {
	return s.ask(ctx, http.MethodGet, path, nil)
}

func (s *sidecar) ask(ctx context.Context, method, path string, say io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.admin+path, say)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask dbmesh: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	return body, err
}

// stop asks dbmesh to drain and waits for its end.
func (s *sidecar) stop() error {
	defer os.RemoveAll(s.dir)
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(drainWait):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	if s.err != nil {
		return fmt.Errorf("dbmesh: %w", s.err)
	}
	return nil
}
