package poll_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core/proxy/poll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newPoller(t *testing.T) *poll.Poller {
	t.Helper()
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// pair is two connected sockets that don't block.
func pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) })
	}
	return fds[0], fds[1]
}

// wait gives all events of one Wait.
func wait(t *testing.T, p *poll.Poller, limit time.Duration) []poll.Event {
	t.Helper()
	events, err := p.Wait(limit)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func write(t *testing.T, fd int, text string) {
	t.Helper()
	if _, err := unix.Write(fd, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, fd int) string {
	t.Helper()
	buf := make([]byte, 100)
	n, err := unix.Read(fd, buf)
	if err == unix.EAGAIN {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

const token = 7 | 3<<32 // uses both halves

func TestAnEdgeIsToldOnceUntilItIsUsedUp(t *testing.T) {
	p := newPoller(t)
	a, b := pair(t)
	if err := p.Add(a, token); err != nil {
		t.Fatal(err)
	}
	first := wait(t, p, poll.Forever)
	if len(first) != 1 || first[0].Token != token || !first[0].Writable || first[0].Readable || first[0].Hangup {
		t.Fatalf("a new socket: %+v", first)
	}
	if again := wait(t, p, 0); len(again) != 0 {
		t.Fatalf("told again: %+v", again)
	}
	write(t, b, "x")
	if e := wait(t, p, poll.Forever); len(e) != 1 || !e[0].Readable || e[0].Hangup {
		t.Fatalf("with a byte: %+v", e)
	}
	if again := wait(t, p, 0); len(again) != 0 {
		t.Fatalf("a byte that nobody read was told again: %+v", again)
	}
	if got := read(t, a) + read(t, a); got != "x" {
		t.Fatalf("read %q", got)
	}
	write(t, b, "y")
	if e := wait(t, p, poll.Forever); len(e) != 1 || !e[0].Readable {
		t.Fatalf("with the next byte: %+v", e)
	}
}

// Bytes that came before the descriptor was added are told all the same.
func TestWhatWasThereBeforeAddIsTold(t *testing.T) {
	p := newPoller(t)
	a, b := pair(t)
	write(t, b, "x")
	if err := p.Add(a, token); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, p, poll.Forever); len(e) != 1 || !e[0].Readable || !e[0].Writable {
		t.Fatalf("%+v", e)
	}
}

func TestAFullSocketIsToldWhenThereIsRoomAgain(t *testing.T) {
	p := newPoller(t)
	a, b := pair(t)
	if err := p.Add(a, token); err != nil {
		t.Fatal(err)
	}
	wait(t, p, poll.Forever)
	chunk := make([]byte, 64<<10)
	for {
		if _, err := unix.Write(a, chunk); err == unix.EAGAIN {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if e := wait(t, p, 0); len(e) != 0 {
		t.Fatalf("a full socket: %+v", e)
	}
	for {
		if _, err := unix.Read(b, chunk); err == unix.EAGAIN {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if e := wait(t, p, time.Second); len(e) != 1 || !e[0].Writable {
		t.Fatalf("with room: %+v", e)
	}
}

func TestThePeersEndIsAHangupThatMayBeRead(t *testing.T) {
	for name, end := range map[string]func(int) error{
		"close":    unix.Close,
		"shutdown": func(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPoller(t)
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fds[0])
			if err := p.Add(fds[0], token); err != nil {
				t.Fatal(err)
			}
			wait(t, p, poll.Forever)
			if err := end(fds[1]); err != nil {
				t.Fatal(err)
			}
			if e := wait(t, p, poll.Forever); len(e) != 1 || !e[0].Hangup || !e[0].Readable {
				t.Fatalf("%+v", e)
			}
			if name == "shutdown" {
				_ = unix.Close(fds[1])
			}
		})
	}
}

func TestARemovedOrClosedDescriptorIsQuiet(t *testing.T) {
	p := newPoller(t)
	a, b := pair(t)
	if err := p.Add(a, token); err != nil {
		t.Fatal(err)
	}
	wait(t, p, poll.Forever)
	if err := p.Remove(a); err != nil {
		t.Fatal(err)
	}
	write(t, b, "x")
	if e := wait(t, p, 0); len(e) != 0 {
		t.Fatalf("a removed descriptor: %+v", e)
	}
	// It may be added anew, under another token.
	if err := p.Add(a, 9); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, p, poll.Forever); len(e) != 1 || e[0].Token != 9 || !e[0].Readable {
		t.Fatalf("added anew: %+v", e)
	}
	if err := p.Add(a, 9); err == nil {
		t.Error("a descriptor was added twice")
	}
	c, d := pair(t)
	if err := p.Add(c, token); err != nil {
		t.Fatal(err)
	}
	wait(t, p, poll.Forever)
	if err := unix.Close(c); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(d, []byte("x")); err != unix.EPIPE {
		t.Fatalf("write to a closed peer: %v", err)
	}
	if e := wait(t, p, 0); len(e) != 0 {
		t.Fatalf("a closed descriptor: %+v", e)
	}
}

func TestWakeEndsTheWaitUnderWayOrTheNextOne(t *testing.T) {
	p := newPoller(t)
	for range 3 {
		p.Wake()
	}
	if e := wait(t, p, poll.Forever); len(e) != 0 {
		t.Fatalf("a wake-up is told as %+v", e)
	}
	start := time.Now()
	if e := wait(t, p, 30*time.Millisecond); len(e) != 0 || time.Since(start) < 25*time.Millisecond {
		t.Fatalf("three wake-ups outlived one Wait: %+v after %v", e, time.Since(start))
	}
	done := make(chan error, 1)
	go func() { _, err := p.Wait(poll.Forever); done <- err }()
	time.Sleep(20 * time.Millisecond) // so that it waits, most likely
	p.Wake()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Wake does not wake")
	}
}

// More descriptors than one Wait takes are told by several, each once.
func TestManyDescriptorsAreAllTold(t *testing.T) {
	p := newPoller(t)
	const n = 300
	seen := map[uint64]int{}
	for i := range n {
		a, _ := pair(t)
		if err := p.Add(a, uint64(i)); err != nil {
			t.Fatal(err)
		}
	}
	for {
		events := wait(t, p, 0)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			seen[e.Token]++
		}
	}
	if len(seen) != n {
		t.Fatalf("%d of %d descriptors were told", len(seen), n)
	}
	for token, times := range seen {
		if times != 1 {
			t.Fatalf("descriptor %d was told %d times", token, times)
		}
	}
}

func TestWaitKeepsItsTimeLimit(t *testing.T) {
	p := newPoller(t)
	start := time.Now()
	wait(t, p, 50*time.Millisecond)
	if took := time.Since(start); took < 50*time.Millisecond || took > 5*time.Second {
		t.Errorf("waited %v for 50ms", took)
	}
}
