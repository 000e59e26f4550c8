package main

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/pingcap/tidb/pkg/config"
	"github.com/pingcap/tidb/pkg/ddl"
	"github.com/pingcap/tidb/pkg/domain"
	"github.com/pingcap/tidb/pkg/kv"
	"github.com/pingcap/tidb/pkg/server"
)

const (
	drainWait  = 5 * time.Second // for open transactions, before they are cut
	cancelWait = time.Second     // for cut statements to return
	startWait  = time.Minute     // for a listener, on a machine under load
)

// address is where one front end listens, both as host:port.
type address struct {
	SQL    string `json:"sql"`
	Status string `json:"status"`
}

// pool is the front ends over one store. A slot is nil while its front end is
// drained; its config keeps the ports, so that start brings it back in place.
type pool struct {
	store kv.Storage
	dom   *domain.Domain

	mu      sync.RWMutex
	ends    []*server.Server
	configs []*config.Config
}

func newPool(store kv.Storage, dom *domain.Domain, o options) (*pool, error) {
	p := &pool{store: store, dom: dom, ends: make([]*server.Server, o.count)}
	server.RunInGoTest = true // the only way to have the server take port 0
	for i := range p.ends {
		c := *config.GetGlobalConfig()
		c.Port, c.Status.StatusPort = 0, 0
		if o.port != 0 {
			c.Port, c.Status.StatusPort = uint(o.port+2*i), uint(o.port+2*i+1)
		}
		p.configs = append(p.configs, &c)
		if err := p.start(i); err != nil {
			return nil, err
		}
	}
	sessions := everyone{Server: p.ends[0], pool: p}
	dom.InfoSyncer().SetSessionManager(sessions)
	go dom.ExpensiveQueryHandle().SetSessionManager(sessions).Run()
	return p, nil
}

// start runs front end i and returns when it listens. Only one caller at a time:
// the server announces its listener through a package variable.
func (p *pool) start(i int) error {
	if p.end(i) != nil {
		return fmt.Errorf("front end %d runs already", i)
	}
	s, err := server.NewServer(p.configs[i], server.NewTiDBDriver(p.store))
	if err != nil {
		return fmt.Errorf("make front end %d: %w", i, err)
	}
	s.SetDomain(p.dom)
	listening, failed := make(chan struct{}), make(chan error, 1)
	server.RunInGoTestChan = listening
	go func() { failed <- s.Run(p.dom) }()
	select {
	case <-listening:
	case err := <-failed:
		return fmt.Errorf("run front end %d: %w", i, err)
	case <-time.After(startWait):
		return fmt.Errorf("front end %d did not listen within %s", i, startWait)
	}
	p.set(i, s)
	return nil
}

// drain takes front end i away: its status turns bad at once, new connections
// are refused after wait seconds, and open transactions get drainWait to end.
func (p *pool) drain(i, wait int) error {
	s := p.end(i)
	if s == nil {
		return fmt.Errorf("front end %d is drained already", i)
	}
	p.configs[i].GracefulWaitBeforeShutdown = wait
	s.Close()
	s.DrainClients(drainWait, cancelWait)
	p.set(i, nil)
	return nil
}

// close ends everything without waiting for clients: the process is going away.
func (p *pool) close() error {
	for _, s := range p.running() {
		s.KillAllConnections()
		s.Close()
	}
	p.dom.Close()
	ddl.CloseOwnerManager()
	return p.store.Close()
}

func (p *pool) addresses() []address {
	join := func(port uint) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))) }
	var all []address
	for _, c := range p.configs {
		all = append(all, address{SQL: join(c.Port), Status: join(c.Status.StatusPort)})
	}
	return all
}

func (p *pool) end(i int) *server.Server {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.ends[i]
}

func (p *pool) set(i int, s *server.Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends[i] = s
}

func (p *pool) running() []*server.Server {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var all []*server.Server
	for _, s := range p.ends {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}
