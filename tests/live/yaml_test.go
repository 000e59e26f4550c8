package live

import (
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// setup is a config as data; text writes it down. Empty parts get what a sidecar before
// one pool has.
type setup struct {
	listener string            // more keys of the listener, flow style
	pool     string            // more keys of each pool
	links    string            // the chain behind auth, one flow mapping a link
	auth     string            // "" for passthrough
	top      string            // more top-level lines
	backends []string          // of the pool main
	weight   int               // of each backend, 0 for none given
	pools    map[string]string // more pools, each with one backend
}

const listMode = `{kind: auth, mode: list, users: [{name: app, password: app}, {name: admin, password: admin, backend: {user: root, password: ""}}]}`

func (s setup) text() string {
	var b strings.Builder
	auth := s.auth
	if auth == "" {
		auth = "{kind: auth}"
	}
	fmt.Fprintf(&b, "listeners:\n  - {name: main, address: \"127.0.0.1:0\", chain: main, pool: main%s}\n", comma(s.listener))
	fmt.Fprintf(&b, "pools:\n")
	onePool(&b, "main", s.backends, s.pool, s.weight)
	for name, address := range s.pools {
		onePool(&b, name, []string{address}, s.pool, s.weight)
	}
	fmt.Fprintf(&b, "chains:\n  - name: main\n    links:\n      - %s\n", auth)
	for _, l := range strings.Split(strings.TrimSpace(s.links), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			fmt.Fprintf(&b, "      - %s\n", l)
		}
	}
	b.WriteString(s.top)
	return b.String()
}

func onePool(b *strings.Builder, name string, backends []string, more string, weight int) {
	fmt.Fprintf(b, "  - {name: %s, tls: {mode: \"off\"}%s, backends: [", name, comma(patient(more)))
	for _, address := range backends {
		fmt.Fprintf(b, "{address: %q, weight: %d}, ", address, max(weight, 1))
	}
	b.WriteString("]}\n")
}

// patient has health checks take their time, unless a pool's keys say how they are: a busy
// machine must not look like a server that is down.
func patient(more string) string {
	if strings.Contains(more, "health:") {
		return more
	}
	return "health: {timeout: 10s}" + comma(more)
}

func comma(more string) string {
	if more == "" {
		return ""
	}
	return ", " + more
}

const usualLinks = "{kind: router}\n{kind: balancer}\n"

// before is the shortest setup before one server.
func before(b *servers.Backend, links string) setup {
	return setup{backends: []string{b.Addr}, links: links}
}
