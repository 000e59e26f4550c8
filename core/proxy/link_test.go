package proxy

import (
	"log/slog"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair is an idle connection whose events nobody has looked at, and its server's end.
func pair(t *testing.T) (k *link, peer int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = unix.Close(fds[0]) })
	return &link{sock: socket{fd: fds[0]}}, fds[1]
}

func TestAConnectionThatItsServerHasClosedIsNotTaken(t *testing.T) {
	k, peer := pair(t)
	if !k.alive(time.Hour) {
		t.Error("an open connection counts as dead")
	}
	if k.sock.readable {
		t.Error("an open connection counts as readable after the look at it")
	}
	_ = unix.Close(peer)
	if !k.alive(doubted / 2) {
		t.Error("one that was given back just now is looked at: that costs each statement a system call")
	}
	if k.alive(time.Hour) {
		t.Error("a closed connection counts as alive, because its news are still to come")
	}
}

func TestAConnectionThatSpokeWhileIdleIsNotTaken(t *testing.T) {
	k, peer := pair(t)
	defer unix.Close(peer)
	if _, err := unix.Write(peer, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if k.alive(time.Hour) {
		t.Error("bytes that nobody asked for are taken for the next answer")
	}
}

// A socket that was given to another loop is forgotten here, whatever is told of it later.
func TestASlotIsNotTakenFromItsNextSocket(t *testing.T) {
	l, err := newLoop(slog.New(slog.DiscardHandler), func() time.Duration { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	defer l.poller.Close()
	first, p := pair(t)
	defer unix.Close(p)
	second, q := pair(t)
	defer unix.Close(q)
	if err := l.watch(&first.sock, first); err != nil {
		t.Fatal(err)
	}
	l.give(&first.sock)
	if err := l.watch(&second.sock, second); err != nil {
		t.Fatal(err)
	}
	if first.sock.slot != second.sock.slot {
		t.Fatal("the slot was not used again")
	}
	l.hand(&first.sock, first)
	l.forget(&first.sock)
	if e := l.slots[second.sock.slot]; e.socket != &second.sock || e.handler != handler(second) {
		t.Error("the second socket has lost its slot")
	}
}
