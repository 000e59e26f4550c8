package cut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/equality/mesh"
	"github.com/dbmesh/dbmesh/tests/equality/replay"
	"github.com/dbmesh/dbmesh/tests/servers"
)

var shared servers.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

const (
	recordings = "../equality/recorded"
	// within is how soon both sides must be closed behind a cut. Nothing else would close them
	// for minutes.
	within = 15 * time.Second
	// playWait bounds one dialogue with its login.
	playWait = time.Minute
	// atOnce is how many dialogues are cut at once, and fewOnce how many large ones.
	atOnce, fewOnce = 24, 3
)

// each runs work for 0 to n-1, some at once.
func each(n, atOnce int, work func(i int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range atOnce {
		running.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				work(int(i))
			}
		})
	}
	running.Wait()
}

// bystander is a session that must not notice what happens to others.
type bystander struct {
	stop  chan struct{}
	ended chan error
	asked atomic.Int64
}

// watch starts a bystander: it pings until stopped, and each answer must come in time.
func watch(t *testing.T, to dialogue.Target) *bystander {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), playWait)
	defer cancel()
	conn, err := dialogue.Login(ctx, to, wire.Protocol41|wire.PluginAuth|wire.SecureConn|wire.ConnectAttrs|wire.ConnectWithDB|wire.LongPassword)
	if err != nil {
		t.Fatalf("log in the bystander: %v", err)
	}
	b := &bystander{stop: make(chan struct{}), ended: make(chan error, 1)}
	go func() {
		defer conn.Conn.Close()
		b.ended <- b.ask(conn.Conn)
	}()
	return b
}

func (b *bystander) ask(conn net.Conn) error {
	c := wire.NewConn(conn)
	for {
		select {
		case <-b.stop:
			c.Seq = 0
			return c.WritePacket([]byte{0x01})
		case <-time.After(5 * time.Millisecond):
		}
		_ = conn.SetDeadline(time.Now().Add(within))
		c.Seq = 0
		if err := c.WritePacket([]byte{0x0e}); err != nil {
			return err
		}
		p, err := c.ReadPacket()
		if err != nil {
			return err
		}
		if p[0] != 0 {
			return fmt.Errorf("a ping was answered by %x", p)
		}
		b.asked.Add(1)
	}
}

// unaffected ends the bystander and fails the test if it was disturbed.
func (b *bystander) unaffected(t *testing.T) {
	t.Helper()
	close(b.stop)
	if err := <-b.ended; err != nil {
		t.Errorf("another session was affected: %v", err)
	}
	if b.asked.Load() == 0 {
		t.Error("the other session asked nothing")
	}
}

// nothingLeft fails the test if sessions, goroutines or descriptors stay.
func nothingLeft(t *testing.T, m *mesh.Mesh, goroutines, descriptors int) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		s, g, d := m.Server.Sessions(), runtime.NumGoroutine(), open(t)
		if s == 0 && g <= goroutines && d <= descriptors {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("left behind: %d sessions, %d goroutines (%d before), %d descriptors (%d before)", s, g, goroutines, d, descriptors)
			var stacks strings.Builder
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
			t.Log(stacks.String())
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func open(t *testing.T) int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("descriptors are counted on Linux only")
	}
	return len(all)
}

// isEnd says that a connection was closed by the other side, in whatever way.
func isEnd(err error) bool {
	var timeout net.Error
	var other *replay.DifferenceError
	return err != nil && !errors.As(err, &other) && !(errors.As(err, &timeout) && timeout.Timeout())
}
