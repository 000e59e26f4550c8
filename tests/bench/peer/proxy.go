//go:build linux

package peer

import (
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

// Commands returns how the built-in proxies are started. The words {listen},
// {backend}, {dir} and {bin} stand for the address to listen on, the
// backend's address, the folder of the run and that of the built programs.
func Commands() map[string]string {
	return map[string]string{
		"haproxy": "haproxy -db -f {dir}/haproxy.cfg",
		"iocopy":  "{bin}/forwarder -listen {listen} -backend {backend}",
		"dbmesh":  "{bin}/dbmesh run --backend {backend} --listen {listen}",
	}
}

// Proxy starts one proxy by its command.
func Proxy(name, command, dir, bin, backend string) (*Process, error) {
	listen, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("{listen}", listen, "{backend}", backend, "{dir}", dir, "{bin}", bin)
	if name == "haproxy" {
		text := strings.NewReplacer("LISTEN", listen, "BACKEND", backend).Replace(haproxyConfig)
		if err := os.WriteFile(filepath.Join(dir, "haproxy.cfg"), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("configuration of haproxy: %w", err)
		}
	}
	return Start(name, listen, dir, strings.Fields(fill.Replace(command)))
}
