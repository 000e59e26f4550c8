//go:build !wasip1

package dbmeshtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"unicode/utf8"
)

// request and answer are lines of dbmesh explain --lines.
type request struct {
	SQL     string `json:"sql"`
	Bytes   []byte `json:"sql_base64,omitempty"`
	Flavour string `json:"flavour,omitempty"`
	Version string `json:"version,omitempty"`
	SQLMode string `json:"sql_mode,omitempty"`
	Charset string `json:"charset,omitempty"`
}

type answer struct {
	Error      string      `json:"error"`
	Facts      facts       `json:"facts"`
	Statements []statement `json:"statements"`
	Ranges     *struct {
		Tables []struct {
			Schema, Name string
			Start, End   int
		}
		Clauses []struct {
			Name       string
			Start, End int
		}
	} `json:"ranges"`
}

type statement struct {
	Start, End int
	Facts      facts
}

type facts struct {
	Kind         string
	Access       string
	Tables       []struct{ Schema, Name, Access string }
	Functions    []string
	Where        bool
	Limit        bool
	Locking      bool
	Into         string
	Placeholders int
	ReadSafe     bool `json:"read_safe"`
	Opaque       bool
	Digest       string
	DigestText   string `json:"digest_text"`
}

// explainer is the child process that knows SQL.
type explainer struct {
	mu      sync.Mutex
	in      io.Writer
	out     *bufio.Reader
	command *exec.Cmd
	failed  error // for good
}

// child ends when this process does: its standard input ends then.
var child explainer

// ask gives the facts about a text.
func (e *explainer) ask(r request) (*answer, error) {
	if !utf8.ValidString(r.SQL) {
		r.SQL, r.Bytes = "", []byte(r.SQL)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.in == nil && e.failed == nil {
		e.failed = e.start()
	}
	if e.failed != nil {
		return nil, e.failed
	}
	_, err = e.in.Write(append(line, '\n'))
	if err == nil {
		line, err = e.out.ReadBytes('\n')
	}
	if err != nil {
		e.failed = fmt.Errorf("%s explain --lines has ended (%v): it may be older than this filter-sdk; install dbmesh anew", e.command.Path, errors.Join(err, e.command.Wait()))
		return nil, e.failed
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return nil, err
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	return &a, nil
}

func (e *explainer) start() error {
	name := os.Getenv("DBMESH")
	if name == "" {
		name = "dbmesh"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return fmt.Errorf("dbmeshtest takes the facts about statements from the command dbmesh, which it can't find (%w): "+
			"put it on PATH (go install github.com/dbmesh/dbmesh/cmd/dbmesh@latest, or make build in its repository) or name it in the variable DBMESH", err)
	}
	e.command = exec.Command(path, "explain", "--lines")
	e.command.Stderr = os.Stderr
	in, err := e.command.StdinPipe()
	if err != nil {
		return err
	}
	out, err := e.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.command.Start(); err != nil {
		return fmt.Errorf("%s does not start: %w", path, err)
	}
	e.in, e.out = in, bufio.NewReader(out)
	return nil
}
