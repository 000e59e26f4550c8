package hostile_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
)

var shared servers.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// bystander is a session that has nothing to do with the modules and measures its commands.
type bystander struct {
	mu     sync.Mutex
	took   []time.Duration
	failed error
}

// enough is how many commands make a p99.
const enough = 500

func startBystander(t *testing.T, dsn string) *bystander {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := &bystander{}
	var done sync.WaitGroup
	done.Go(func() { b.run(ctx, c) })
	t.Cleanup(func() {
		stop()
		done.Wait()
		_ = c.Close()
		_ = db.Close()
		if b.failed != nil {
			t.Errorf("a session that has nothing to do with the modules failed: %v", b.failed)
		}
	})
	return b
}

// run sends a command each millisecond, as a program that has other things to do.
func (b *bystander) run(ctx context.Context, c *sql.Conn) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		start := time.Now()
		var one int
		err := c.QueryRowContext(ctx, "SELECT 1").Scan(&one)
		if ctx.Err() != nil {
			return
		}
		b.mu.Lock()
		b.took = append(b.took, time.Since(start))
		if err != nil && b.failed == nil {
			b.failed = err
		}
		b.mu.Unlock()
	}
}

// begin forgets what was measured so far.
func (b *bystander) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.took = nil
}

// quantile waits until there are enough commands and gives their 99th percentile.
func (b *bystander) quantile(t *testing.T) time.Duration {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		if n := len(b.took); n >= enough {
			took := slices.Clone(b.took)
			b.mu.Unlock()
			slices.Sort(took)
			return took[n*99/100]
		}
		b.mu.Unlock()
	}
	t.Fatal("the other session stands still")
	return 0
}

// settled waits until no more than limit bytes of memory are resident, and gives how many are; 0 only looks.
func (v *victim) settled(t *testing.T, limit int64) int64 {
	t.Helper()
	for deadline := time.Now().Add(restWithin); ; time.Sleep(100 * time.Millisecond) {
		got := v.memory(t, "RssAnon") // without the pages of the program itself, which stay as they are used
		if got <= limit || limit == 0 || time.Now().After(deadline) {
			return got
		}
	}
}

func (v *victim) peak(t *testing.T) int64 { t.Helper(); return v.memory(t, "VmHWM") }

// resetPeak has the kernel begin the peak anew.
func (v *victim) resetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", v.mesh.PID()), []byte("5"), 0); err != nil {
		t.Skipf("the kernel does not count peaks: %v", err)
	}
}

func (v *victim) memory(t *testing.T, key string) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.mesh.PID()))
	if err != nil {
		t.Fatalf("dbmesh is gone: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatalf("the kernel does not tell %s", key)
	return 0
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
