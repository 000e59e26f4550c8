package leak

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// setup is a config of dbmesh before one server.
type setup struct {
	backend string
	mode    string // session or transaction
	health  string
	max     int // connections
	// What a swap changes.
	statements int
	threshold  int
	linger     string
}

func (s setup) text() string {
	return fmt.Sprintf(`
listeners:
  - {name: main, address: "${LISTEN}", chain: main, pool: main}
pools:
  - name: main
    tls: {mode: "off"}
    control: {user: control, password: control}
    health: %s
    backends: [{address: %q}]
    pooling: {mode: %s, max: %d, queue_timeout: 20s, max_logins: 10, max_statements: %d, linger: %s}
chains:
  - name: main
    links:
      - kind: auth
        mode: list
        users:
          - {name: app, password: app, plugin: mysql_native_password}
          - {name: other, password: other, plugin: mysql_native_password}
      - {kind: router}
      - {kind: balancer}
      - {kind: slow-log, threshold: %dms, file: /dev/null}
`, s.health, s.backend, s.mode, s.max, s.statements, s.linger, s.threshold)
}

// usual is the setup that a search begins with.
func usual(b *servers.Backend, mode string) setup {
	// A busy machine must not look like a server that is down.
	health := "{interval: 500ms, timeout: 450ms, fall: 4}"
	if b.Flavour == servers.FlavourTiDB {
		health = "{interval: 2s, timeout: 2s, fall: 5}"
	}
	return setup{health: health, backend: b.Addr, mode: mode, max: connections, statements: 64, threshold: 60_000, linger: "1s"}
}

// swap gives dbmesh another config.
func (s setup) swap(d *sidecar.Dbmesh) func(*rand.Rand) error {
	return func(rng *rand.Rand) error {
		s.statements = []int{4, 16, 64}[rng.IntN(3)]
		s.threshold = 10_000 + rng.IntN(10_000)
		if s.mode == "transaction" {
			s.max = connections - rng.IntN(2)
		}
		return d.Configure(s.text())
	}
}

// mesh starts dbmesh before a server.
func mesh(t *testing.T, s setup, b *servers.Backend, variables ...string) *sidecar.Dbmesh {
	t.Helper()
	b.Create(t, servers.Account{Name: "control", Password: "control", Grant: "ALL ON *.*"})
	return sidecar.With(t, s.text(), variables...)
}

// restart starts a server anew and returns when sessions can use it again, and could for
// some time: dbmesh may learn late that it was away.
func restart(server *servers.Server, addr string) func() error {
	return func() error {
		if err := server.Restart(); err != nil {
			return err
		}
		deadline := time.Now().Add(patience)
		for good := time.Now(); time.Since(good) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
			if err := greet(addr); err != nil {
				good = time.Now()
				if good.After(deadline) {
					return fmt.Errorf("no session after a restart: %w", err)
				}
			}
		}
		return nil
	}
}

// greet has one session ask one question.
func greet(addr string) error {
	c, err := openRaw(login{addr: addr, user: "app", schema: "app", collation: 45})
	if err != nil {
		return err
	}
	defer c.close(0)
	_, err = c.query("SELECT 1")
	return err
}
