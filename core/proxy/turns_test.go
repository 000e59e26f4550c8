package proxy

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

func TestAWithheldReplyDoesNotWaitForASlowFilterOfTheNextCommand(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	m := &mesh{t: t, serve: func(p *peer) { p.commands(func([]byte) error { return p.ok() }) }}
	swapped := false
	m.links = []core.Kind{kind(func(*core.Command) core.Verdict {
		if !swapped {
			swapped, m.links = true, []core.Kind{waiting(begun, goOn)}
			m.commit()
		}
		return core.Continue()
	})}
	m.start()
	c := m.client()
	both, _ := wire.AppendFrame(nil, []byte("\x03SELECT 1"), 0)
	both, _ = wire.AppendFrame(both, []byte("\x03SELECT 2"), 0)
	_, _ = c.raw.Write(both)
	<-begun
	defer close(goOn)
	_ = c.raw.SetReadDeadline(time.Now().Add(15 * time.Second))
	c.Seq = 1
	if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("the first command's reply: %x, %v", b, err)
	}
}

// lines counts what is logged.
type lines struct{ n atomic.Int64 }

func (l *lines) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "accept") {
		l.n.Add(1)
	}
	return len(p), nil
}

func TestOutOfDescriptorsIsTriedAgainByOneTimerAndNotByOnePerClient(t *testing.T) {
	var seen lines
	m := &mesh{t: t, log: slog.New(slog.NewTextHandler(&seen, nil))}
	m.start()
	const clients = 40
	fds := make([]int, clients)
	for i := range fds {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		fds[i] = fd
	}
	addr := &unix.SockaddrInet4{Port: m.srv.Addr("main").(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, fd := range fds {
		if err := unix.Connect(fd, addr); err != nil {
			t.Error(err)
		}
		m.heard()
	}
	time.Sleep(time.Second) // long enough for each timer to go off about ten times
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start) // a busy machine sleeps longer
	if n := seen.n.Load(); n == 0 || n > int64(clients*took.Seconds()) {
		t.Errorf("%d clients that could not be accepted made %d lines of log in %v", clients, n, took)
	}
	m.until("all were accepted", func() bool { return m.srv.Sessions() == clients })
}

func TestAReloadDuringADrainOpensNoListenerAgain(t *testing.T) {
	m := &mesh{t: t, serve: func(p *peer) { p.commands(func([]byte) error { return p.ok() }) }}
	m.start()
	m.srv.Drain(t.Context())
	ch, err := (&core.Builder{Registry: core.Registry{"x": kind(denying)}}).Build("main", []core.Spec{{Name: "x", Kind: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.srv.Prepare(&m.settings, map[string]*core.Chain{"main": ch}); err == nil {
		t.Error("a draining server takes a new config")
	}
	ch.Discard()
}

// A client and a server that are both fast leave a session always something to do.
func TestALargeResultLeavesOtherSessionsTheirTurn(t *testing.T) {
	row, _ := wire.AppendFrame(nil, append([]byte{0xfc, 0xff, 0xff}, make([]byte, 0xffff)...), 3)
	rows := bytes.Repeat(row, 64)
	m := &mesh{t: t, serve: func(p *peer) {
		p.commands(func([]byte) error {
			_ = p.WritePacket([]byte{1})
			_ = p.WritePacket([]byte("\x03def\x00\x00\x00\x01a\x00\x0c\x2d\x00\xff\xff\xff\x00\xfd\x00\x00\x1f\x00\x00"))
			for {
				if _, err := p.raw.Write(rows); err != nil {
					return err
				}
			}
		})
	}}
	m.start()
	reader := m.client()
	reader.Seq = 0
	_ = reader.WritePacket([]byte("\x03SELECT much"))
	go func() { _, _ = io.Copy(io.Discard, reader.raw) }()
	defer reader.raw.Close()
	// Each question is a turn of its own; in between come events of the session's sockets.
	var worst uint64
	end := time.Now().Add(10 * time.Second)
	for was := uint64(0); was < 100<<20 && time.Now().Before(end); {
		now, then := uint64(0), uint64(0)
		done := make(chan struct{})
		m.srv.loops[0].post(func() {
			was := m.bytesOut()
			m.srv.loops[0].post(func() { then, now = was, m.bytesOut(); close(done) })
		})
		<-done
		worst, was = max(worst, now-then), now
	}
	if most := uint64(4 * (turnBytes + largeBuffer)); worst == 0 || worst > most {
		t.Errorf("a session relayed %d bytes between two turns of the loop, at most %d are fair", worst, most)
	}
}

// bytesOut is what the running commands have sent. On the loop.
func (m *mesh) bytesOut() (n uint64) {
	for s := range m.srv.loops[0].sessions {
		n += s.outcome.BytesOut
	}
	return n
}
