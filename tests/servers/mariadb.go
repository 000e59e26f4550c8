package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

// attempts is how many ports are tried before a server that cannot bind is an error.
const attempts = 5

// Server is one MariaDB and its process.
type Server struct {
	*Backend
	daemon
	folder   *folder
	readOnly atomic.Bool // how the next run starts
}

// StartMariaDB starts one MariaDB server and returns once it takes SQL; the caller
// closes it.
func StartMariaDB(opts ...Option) (*Server, error) {
	s, err := startNode(collect(opts), []string{"--skip-log-bin"}, false)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	if err := s.populate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close kills the server and removes its data.
func (s *Server) Close() error {
	return errors.Join(s.Kill9(), s.folder.remove())
}

// Log gives the end of the server's error log.
func (s *Server) Log() string { return tail(s.log) }

// startNode starts a server that has no schema and no accounts but root yet.
func startNode(o settings, role []string, readOnly bool) (*Server, error) {
	mariadbd, err := program("mariadbd")
	if err != nil {
		return nil, err
	}
	source, err := dataTemplate(mariadbd)
	if err != nil {
		return nil, err
	}
	f, err := newFolder()
	if err != nil {
		return nil, err
	}
	s := &Server{Backend: &Backend{Flavour: FlavourMariaDB, Socket: f.file("s.sock")}, folder: f}
	s.readOnly.Store(readOnly)
	if err := s.launch(o, mariadbd, source, role); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) launch(o settings, mariadbd, source string, role []string) error {
	if err := os.CopyFS(s.folder.file("data"), os.DirFS(source)); err != nil {
		return fmt.Errorf("copy the data directory: %w", err)
	}
	if !o.plain {
		certs, err := NewTLS(s.folder.path)
		if err != nil {
			return err
		}
		s.TLS = certs
	}
	s.log, s.wait, s.ready = s.folder.file("error.log"), o.wait, s.ping
	s.command = func() *exec.Cmd {
		cmd := exec.Command(mariadbd, s.flags(o, role)...)
		cmd.Dir = s.folder.path
		return cmd
	}
	for range attempts - 1 {
		if err := s.takePort(); err != nil {
			return err
		}
		err := s.Start()
		if err == nil || !strings.Contains(err.Error(), "Bind on TCP/IP port") {
			return err
		}
	}
	if err := s.takePort(); err != nil {
		return err
	}
	return s.Start()
}

func (s *Server) takePort() error {
	port, err := freePorts(1)
	if err != nil {
		return err
	}
	s.Port, s.Addr = port, local(port)
	return nil
}

// flags keeps a server small and quick. Nothing is synced to disk: a killed
// process loses nothing by that, only a machine that goes down would.
func (s *Server) flags(o settings, role []string) []string {
	flags := append([]string{"--no-defaults"}, asRoot()...)
	flags = append(flags,
		"--datadir="+s.folder.file("data"), "--tmpdir="+s.folder.path,
		"--port="+strconv.Itoa(s.Port), "--bind-address=127.0.0.1", "--socket="+s.Socket,
		"--pid-file="+s.folder.file("pid"), "--log-error="+s.log,
		"--skip-name-resolve", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
		"--max-connections=5000", "--max-allowed-packet="+o.maxPacket, "--local-infile=1",
		"--innodb-buffer-pool-size=16M", logSize, "--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0",
		"--aria-pagecache-buffer-size=1M", "--key-buffer-size=1M", "--performance-schema=OFF",
		"--proxy-protocol-networks=127.0.0.0/8")
	flags = append(flags, ed25519()...)
	if s.TLS != nil {
		flags = append(flags, "--ssl-ca="+s.TLS.CA, "--ssl-cert="+s.TLS.ServerCert, "--ssl-key="+s.TLS.ServerKey)
	}
	if s.readOnly.Load() {
		flags = append(flags, "--read-only=1")
	}
	flags = append(flags, role...)
	return append(flags, o.flags...)
}

// DataDir is where the server keeps its files.
func (s *Server) DataDir() string { return filepath.Join(s.folder.path, "data") }
