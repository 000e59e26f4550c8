// Package admin is dbmesh's HTTP side: metrics, probes, profiles and a read-only view of
// what is in force, and the facts about any statement.
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Bounds on what one client of the HTTP side may take.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 90 * time.Second // a profile of a minute fits in
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	closeTimeout  = time.Second
)

// Health is what the probes ask. Its methods are called by any number of goroutines.
type Health interface {
	// Started says whether the first config is in force.
	Started() bool
	// Draining says whether the process is about to end.
	Draining() bool
	// Listeners are those of the config in force.
	Listeners() []Listener
	// Pool finds a pool in force, nil if there is none.
	Pool(name string) *core.Pool
}

// Listener is what a probe needs to know of one.
type Listener struct {
	Name, Pool string
	Open       bool // it accepts clients
}

// View is what is shown of the process. Its methods are called by any number of
// goroutines, and what they return is not changed.
type View interface {
	// Chains are the chains in force.
	Chains() []*core.Chain
	// Backends are the backends in force.
	Backends() []*core.Backend
	// Sessions is a slice of whatever is known of each session; it is shown as JSON.
	Sessions() any
	Config() Config
}

// Config is the configuration in force and what became of the last attempt to change it.
type Config struct {
	Path      string
	Hash      string
	Since     time.Time
	LastError string // why a later one was refused, "" if none was
	Settings  *core.Settings
}

// Options is what a Server is made of. All but Settings and Filters are required.
type Options struct {
	Settings core.AdminSettings
	Version  Version
	Metrics  http.Handler
	Health   Health
	View     View
	Modes    Modes
	// Filters is what is known of user filters; it is shown as JSON. Any number of goroutines
	// call it. nil shows none.
	Filters func() any
	// Connections is what is known of the connections that sessions share; likewise.
	Connections func() any
	Log         *slog.Logger
}

// Version says what is running.
type Version struct {
	Version   string `json:"version"`
	Commit    string `json:"commit"`
	GoVersion string `json:"go_version"`
}

// Server serves until it is closed.
type Server struct {
	o      Options
	ln     net.Listener
	http   *http.Server
	once   sync.Once
	quit   chan struct{}
	served sync.WaitGroup
}

// Open listens on the address of the settings and serves. Without an address it serves
// nothing.
func Open(o Options) (*Server, error) {
	s := &Server{o: o, quit: make(chan struct{})}
	if o.Settings.Address == "" {
		return s, nil
	}
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	ln, err := lc.Listen(context.Background(), "tcp", o.Settings.Address)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	s.ln = ln
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	s.served.Go(func() {
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("admin ended", "error", err)
		}
	})
	return s, nil
}

// Addr is where the server listens, nil if it does not.
func (s *Server) Addr() net.Addr {
	if s.ln == nil {
		return nil
	}
	return s.ln.Addr()
}

// Quit is closed when somebody asked the process to drain and end.
func (s *Server) Quit() <-chan struct{} { return s.quit }

// Close lets requests under way end, for a second, and returns when all is closed.
func (s *Server) Close() {
	if s.http == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // those that are left are cut off
	}
	s.served.Wait()
}
