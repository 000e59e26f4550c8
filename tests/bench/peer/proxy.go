//go:build linux

package peer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// haproxyConfig makes HAProxy a plain TCP proxy with one thread a processor of
// a machine with two.
const haproxyConfig = `global
  nbthread 2
  maxconn 5000
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen mysql
  bind LISTEN
  server backend BACKEND
`

// ConfigListen and ConfigBackend are the addresses that a configuration for the
// benchmark is written with, so that it also works by hand; Start puts the
// real ones in.
const (
	ConfigListen  = "127.0.0.1:6033"
	ConfigBackend = "127.0.0.1:3306"
)

// Plan is how the proxies are started. In Commands, by name, {listen} and
// {backend} stand for addresses, {dir} and {bin} for the folders of the run
// and of the built programs, {config} for dbmesh's configuration.
type Plan struct {
	Commands map[string]string
	Dir, Bin string
	Config   string // a file, or ""
}

// NewPlan returns the plan with the built-in proxies.
func NewPlan() *Plan {
	return &Plan{Commands: map[string]string{
		"haproxy": "haproxy -db -f {dir}/haproxy.cfg",
		"iocopy":  "{bin}/forwarder -listen {listen} -backend {backend}",
		"dbmesh":  "{bin}/dbmesh run --backend {backend} --listen {listen}",
		"plain":   "env BENCH_LISTEN={listen} BENCH_BACKEND={backend} {bin}/dbmesh run --config tests/bench/configs/plain.yaml",
		"shared":  "env BENCH_LISTEN={listen} BENCH_BACKEND={backend} {bin}/dbmesh run --config tests/bench/configs/shared.yaml",
		"facts":   "env BENCH_LISTEN={listen} BENCH_BACKEND={backend} {bin}/dbmesh run --config tests/bench/configs/facts.yaml",
	}}
}

// Uses says whether a proxy's command contains a word.
func (p *Plan) Uses(name, word string) bool { return strings.Contains(p.Commands[name], word) }

// Start starts one proxy in front of a backend.
func (p *Plan) Start(name, backend string) (*Process, error) {
	command, ok := p.Commands[name]
	if !ok {
		return nil, fmt.Errorf("no command for the peer %q", name)
	}
	listen, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(p.Dir, name+".yaml")
	if p.Uses(name, "{config}") {
		if err := p.configure(config, listen, backend); err != nil {
			return nil, fmt.Errorf("configuration of %s: %w", name, err)
		}
	}
	if name == "haproxy" {
		text := strings.NewReplacer("LISTEN", listen, "BACKEND", backend).Replace(haproxyConfig)
		if err := os.WriteFile(filepath.Join(p.Dir, "haproxy.cfg"), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("configuration of haproxy: %w", err)
		}
	}
	fill := strings.NewReplacer("{listen}", listen, "{backend}", backend, "{dir}", p.Dir, "{bin}", p.Bin, "{config}", config)
	return Start(name, listen, p.Dir, strings.Fields(fill.Replace(command)))
}

// configure copies the configuration with the real addresses in it.
func (p *Plan) configure(to, listen, backend string) error {
	b, err := os.ReadFile(p.Config)
	if err != nil {
		return err
	}
	for word, addr := range map[string]string{ConfigListen: listen, ConfigBackend: backend} {
		if !bytes.Contains(b, []byte(word)) {
			return fmt.Errorf("%s does not name the address %s", p.Config, word)
		}
		b = bytes.ReplaceAll(b, []byte(word), []byte(addr))
	}
	return os.WriteFile(to, b, 0o600)
}
