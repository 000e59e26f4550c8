package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// BinaryVariable names the environment variable with the path of a tidbpool
// binary, instead of the one that tests/tidb/build.sh keeps in the cache.
const BinaryVariable = "DBMESH_TIDBPOOL"

const buildPool = "tests/tidb/build.sh"

// drainWait is more than what tidbpool itself gives open transactions.
const drainWait = 30 * time.Second

// Pool is several TiDB front ends over one store in one process: a crash takes
// all of them, a drain takes one. What is written through one is seen through
// all at once. Their accounts, schemas and global variables are the same.
type Pool struct {
	Ends []*Backend
	daemon
	folder  *folder
	control sync.Mutex // one command at a time
	input   io.Writer
	output  *answers
}

// StartTiDB starts n TiDB front ends and returns once all take SQL; the caller
// closes the pool.
func StartTiDB(n int, opts ...Option) (*Pool, error) {
	binary, err := poolBinary()
	if err != nil {
		return nil, err
	}
	f, err := newFolder()
	if err != nil {
		return nil, err
	}
	p := &Pool{folder: f}
	if err := p.launch(collect(opts), binary, n); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Close kills the process and removes its data.
func (p *Pool) Close() error {
	return errors.Join(p.Kill9(), p.folder.remove())
}

// Drain takes front end i away as a rolling restart does: its status turns bad at
// once, after the given whole seconds it accepts no connections, and open
// transactions then have 5 seconds to end. Drain returns when it is gone.
func (p *Pool) Drain(i int, seconds int) error {
	return p.order(fmt.Sprintf("drain %d %d", i, seconds))
}

// Return brings a drained front end back on its old port.
func (p *Pool) Return(i int) error {
	return p.order(fmt.Sprintf("start %d", i))
}

func (p *Pool) launch(o settings, binary string, n int) error {
	var certs *TLS
	if !o.plain {
		made, err := NewTLS(p.folder.path)
		if err != nil {
			return err
		}
		certs = made
	}
	first, err := freePorts(2 * n)
	if err != nil {
		return err
	}
	for i := range n {
		port := first + 2*i
		p.Ends = append(p.Ends, &Backend{
			Flavour: FlavourTiDB, Addr: local(port), Port: port,
			Status: "http://" + local(port+1), TLS: certs,
		})
	}
	p.log, p.wait, p.ready = p.folder.file("output.log"), o.wait, p.listening
	p.command = func() *exec.Cmd { return p.program(o, binary, first) }
	if err := p.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	return p.Ends[0].populate(ctx)
}

func (p *Pool) program(o settings, binary string, port int) *exec.Cmd {
	args := []string{"-control", "-n", strconv.Itoa(len(p.Ends)), "-port", strconv.Itoa(port), "-dir", p.folder.file("data")}
	if certs := p.Ends[0].TLS; certs != nil {
		args = append(args, "-cert", certs.ServerCert, "-key", certs.ServerKey, "-ca", certs.CA)
	}
	if o.keep {
		args = append(args, "-keep")
	}
	cmd := exec.Command(binary, append(args, o.flags...)...)
	cmd.Dir = p.folder.path
	// A result of 20 MB once made the heap grow to 1.5 GB.
	cmd.Env = append(os.Environ(), "GOMEMLIMIT=1GiB")
	p.output = newAnswers(p.log)
	cmd.Stdout, cmd.Stderr = p.output, p.output.stderr()
	p.input, _ = cmd.StdinPipe() // fails only if Stdin is set, and it is not
	return cmd
}

// listening takes the line that tidbpool prints when all front ends do.
func (p *Pool) listening(ctx context.Context) error {
	a, err := p.output.next(ctx)
	if err != nil {
		return err
	}
	if len(a.Ready) != len(p.Ends) {
		return fmt.Errorf("unexpected answer %+v", a)
	}
	return nil
}

func (p *Pool) order(command string) error {
	p.control.Lock()
	defer p.control.Unlock()
	if _, err := io.WriteString(p.input, command+"\n"); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainWait)
	defer cancel()
	a, err := p.output.next(ctx)
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// poolBinary finds the binary that build.sh made from the sources as they are now.
func poolBinary() (string, error) {
	if os.Getenv(ScaleVariable) == "short" {
		return "", errShort
	}
	if path := os.Getenv(BinaryVariable); path != "" {
		return path, nil
	}
	script, err := repositoryFile(buildPool)
	if err != nil {
		return "", err
	}
	out, err := exec.Command(script, "--path").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for the binary: %w", buildPool, err)
	}
	path := strings.TrimSpace(string(out))
	if _, err := os.Stat(path); err != nil {
		return "", &MissingError{Program: "tidbpool", Remedy: buildPool}
	}
	return path, nil
}

// repositoryFile finds a file of this repository from any directory inside it.
func repositoryFile(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	for {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", &MissingError{Program: "tidbpool", Remedy: buildPool + " in a clone of the repository"}
		}
		dir = parent
	}
}
