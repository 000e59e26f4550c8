package watch

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// bubble runs a loop whose clock is fake and whose events the test sends.
func bubble(t *testing.T, test func(path string, r *reader, events chan<- fsnotify.Event)) {
	path := filepath.Join(t.TempDir(), "dbmesh.yaml")
	synctest.Test(t, func(t *testing.T) {
		write(t, path, "first")
		r := newReader(t, path)
		events := make(chan fsnotify.Event)
		ctx, cancel := context.WithCancel(t.Context())
		l := loop{loaded: r.loaded, changed: r.changed, poll: Poll, events: events}
		go l.run(ctx, nil)
		time.Sleep(time.Second) // the check at the start is over
		test(path, r, events)
		cancel()
		synctest.Wait()
	})
}

// calls counts the calls until now and forgets them.
func (r *reader) count() int {
	synctest.Wait()
	n := len(r.calls)
	for range n {
		<-r.calls
	}
	return n
}

func TestABurstOfEventsIsOneCall(t *testing.T) {
	bubble(t, func(path string, r *reader, events chan<- fsnotify.Event) {
		for _, content := range []string{"", "ha", "half", "whole"} {
			write(t, path, content)
			events <- fsnotify.Event{Name: path, Op: fsnotify.Write}
			time.Sleep(settle - time.Millisecond)
		}
		if n := r.count(); n != 0 {
			t.Errorf("%d calls while events came", n)
		}
		time.Sleep(2 * time.Millisecond)
		if n := r.count(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestADirectoryThatNeverRestsDoesNotHideAChange(t *testing.T) {
	bubble(t, func(path string, r *reader, events chan<- fsnotify.Event) {
		write(t, path, "changed")
		for start := time.Now(); time.Since(start) < patience+settle; time.Sleep(settle / 2) {
			events <- fsnotify.Event{Name: path + ".tmp", Op: fsnotify.Create}
		}
		if n := r.count(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestTheSameContentIsNoChange(t *testing.T) {
	bubble(t, func(path string, r *reader, events chan<- fsnotify.Event) {
		write(t, path, "first")
		events <- fsnotify.Event{Name: path, Op: fsnotify.Write}
		time.Sleep(time.Second)
		if n := r.count(); n != 0 {
			t.Errorf("%d calls for the same content", n)
		}
	})
}

func TestANeighboursWritesWakeNobody(t *testing.T) {
	bubble(t, func(path string, r *reader, events chan<- fsnotify.Event) {
		write(t, path, "changed, and no event says so")
		events <- fsnotify.Event{Name: path + ".log", Op: fsnotify.Write}
		time.Sleep(time.Second)
		if n := r.count(); n != 0 {
			t.Errorf("%d calls for another file's write", n)
		}
	})
}

func TestThePollFindsWhatTheKernelDidNotTell(t *testing.T) {
	bubble(t, func(path string, r *reader, _ chan<- fsnotify.Event) {
		write(t, path, "changed")
		time.Sleep(Poll)
		if n := r.count(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

// A content that could not be used is tried once, not at each poll; going back and forth
// tries it again.
func TestABadContentIsTriedOnce(t *testing.T) {
	bubble(t, func(path string, r *reader, events chan<- fsnotify.Event) {
		r.refuses = true
		put := func(content string) {
			write(t, path, content)
			events <- fsnotify.Event{Name: path, Op: fsnotify.Write}
			time.Sleep(time.Second)
		}
		put("bad")
		time.Sleep(10 * Poll)
		if n := r.count(); n != 1 {
			t.Errorf("%d calls for a bad content, want 1", n)
		}
		put("first")
		put("bad")
		if n := r.count(); n != 1 {
			t.Errorf("%d calls for the second try, want 1", n)
		}
	})
}
