package live

import (
	"io"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// The relay path makes no garbage: after the first few, a command of any usual sort passes
// a chain of four links, hints read, and its answer comes back, without one allocation.
func TestARelayedCommandAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has sync.Pool forget things on purpose; run it without -race")
	}
	server := shared.MariaDB(t).Backend
	slow := "{kind: slow-log, threshold: 10s, file: " + filepath.Join(t.TempDir(), "slow.log") + "}\n"
	for name, s := range map[string]setup{
		"passthrough": {links: usualLinks + slow},
		"list, hints": {auth: listMode, links: "{kind: router, hints: true}\n{kind: balancer, policy: peak-ewma}\n" + slow},
		"idle time":   {links: usualLinks + slow, listener: "idle_timeout: 1m"},
		"shared":      {auth: listMode, links: usualLinks + slow},
	} {
		t.Run(name, func(t *testing.T) {
			s.backends = []string{server.Addr}
			s.pool = "health: {interval: 1m, timeout: 1s}"
			if name == "shared" {
				s.pool += ", pooling: {mode: transaction, linger: 1m}"
			}
			m := startMesh(t, parts{loops: 1, quiet: true}, s.text())
			r := dialRaw(t, m.addr(), "app", "app")
			f, err := r.do(core.Prepare, []byte("SELECT 42"))
			if err != nil {
				t.Fatal(err)
			}
			typed := r.prepareEcho(t, 2)
			answer := param{kind: 3, data: le(4, 42)}
			if _, err := r.do(core.Execute, bind(typed, true, answer, answer)); err != nil {
				t.Fatal(err)
			}
			large := "SELECT REPEAT('x', 1000) FROM seq_1_to_3000" // 3 MB
			for what, c := range map[string]struct {
				code    core.Code
				payload []byte
				rounds  int
			}{
				"text":          {core.Query, []byte("SELECT 1"), 300},
				"execute":       {core.Execute, execute(f.StatementID), 300},
				"with types":    {core.Execute, bind(typed, true, answer, answer), 300},
				"without types": {core.Execute, bind(typed, false, answer, answer), 300},
				"ping":          {core.Ping, nil, 300},
				"large result":  {core.Query, []byte(large), 20},
				"long text":     {core.Query, []byte("SELECT LENGTH('" + strings.Repeat("y", 200<<10) + "')"), 20},
				"hint to stay":  {core.Query, []byte("/* dbmesh:pool=main */ SELECT 1"), 300},
				"transaction":   {core.Query, []byte("BEGIN"), 300},
				"insert-like":   {core.Query, []byte("DO 1"), 300},
				"with warnings": {core.Query, []byte("SELECT 1/0"), 300},
			} {
				if what == "hint to stay" && s.auth == "" {
					continue
				}
				limit := 0.02
				if c.rounds < 100 {
					limit = 4 // for 3 MB: large buffers are pooled, and a garbage collection may take one
				}
				if n := garbage(t, r, c.code, c.payload, c.rounds, limit); n > limit {
					t.Errorf("%s: %.3f allocations per command", what, n)
				}
			}
		})
	}
}

// garbage plays a command again and again and gives how many objects were allocated in the
// whole process for each.
func garbage(t *testing.T, r *raw, code core.Code, payload []byte, rounds int, limit float64) float64 {
	t.Helper()
	command, _ := wire.AppendFrame(nil, append([]byte{byte(code)}, payload...), 0)
	answer := make([]byte, answerLen(t, r, code, payload))
	once := func() {
		if _, err := r.Write(command); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r.Conn, answer); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		once()
	}
	best := 1e9
	for range 3 { // something else in the process may allocate once
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			once()
		}
		runtime.ReadMemStats(&after)
		best = min(best, float64(after.Mallocs-before.Mallocs)/float64(rounds))
		if best <= limit {
			break
		}
	}
	return best
}

// answerLen plays a command once and counts the bytes of its answer.
func answerLen(t *testing.T, r *raw, code core.Code, payload []byte) int {
	t.Helper()
	counter := &counting{Conn: r.Conn}
	r.Conn = counter
	if _, err := r.do(code, payload); err != nil {
		t.Fatal(err)
	}
	r.Conn = counter.Conn
	return counter.n
}

type counting struct {
	net.Conn
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n += n
	return n, err
}
