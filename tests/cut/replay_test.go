package cut

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/equality/mesh"
	"github.com/dbmesh/dbmesh/tests/equality/replay"
)

func TestACutDialogueEndsBothSidesAndLeavesNothing(t *testing.T) {
	for _, flavour := range []string{"mariadb", "tidb"} {
		t.Run(flavour, func(t *testing.T) {
			all, err := replay.Load(recordings, flavour)
			if err != nil {
				t.Fatal(err)
			}
			backend, err := replay.NewBackend(replay.Greeting(all), 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(backend.Close)
			m := mesh.Start(t, backend.Addr, 2)
			goroutines, descriptors := runtime.NumGoroutine(), open(t)
			backend.Expect("bystander", &replay.Script{Echo: true, Ended: make(chan error, 1)})
			other := watch(t, replay.Target(m.Addr, "bystander"))

			attempts, large := plan(all, flavour)
			try := func(a attempt, key string) {
				if err := a.onReplay(backend, m, key); err != nil {
					t.Errorf("%s, %s: %v", a.recording.Title, a, err)
				}
			}
			each(len(attempts), atOnce, func(i int) { try(attempts[i], fmt.Sprint(i)) })
			each(len(large), fewOnce, func(i int) { try(large[i], fmt.Sprint("large ", i)) })
			other.unaffected(t)
			nothingLeft(t, m, goroutines, descriptors)
			t.Logf("%d cuts of %d dialogues", len(attempts)+len(large), len(all))
		})
	}
}

func (a attempt) String() string {
	side := "client"
	if a.server {
		side = "server"
	}
	return fmt.Sprintf("%s's stream at byte %d, %s", side, a.cut.At, a.cut.How)
}

// onReplay makes the attempt before a backend that plays the recording.
func (a attempt) onReplay(backend *replay.Backend, m *mesh.Mesh, key string) error {
	script := &replay.Script{Recording: a.recording, Ended: make(chan error, 1)}
	mine := a.cut
	if a.server {
		script.Cut, mine = a.cut, replay.Cut{}
	}
	backend.Expect(key, script)
	ctx, cancel := context.WithTimeout(context.Background(), playWait)
	defer cancel()
	client := make(chan error, 1)
	var got int
	go func() {
		var err error
		got, err = replay.Client(ctx, replay.Target(m.Addr, key), a.recording, mine)
		client <- err
	}()
	if a.cut.How == replay.Stall {
		return errors.Join(inTime(client, playWait), inTime(script.Ended, playWait))
	}
	cutter, met := client, script.Ended
	if a.server {
		cutter, met = script.Ended, client
	}
	if err := inTime(cutter, playWait); !errors.Is(err, replay.ErrCut) {
		return fmt.Errorf("the cut was not made: %w", err)
	}
	err := inTime(met, within)
	if !a.gone(err) {
		return fmt.Errorf("the other side: %w", err)
	}
	if a.server && a.cut.How == replay.Close && got < a.cut.At && !a.relaxed() {
		return fmt.Errorf("the client got %d bytes of those before the cut", got)
	}
	return nil
}

// gone says that the side which met the cut saw its connection end, with nothing but right
// bytes before. One that has said and heard all before the cut may have ended well. In the
// login that a change of user is, the client is told why it ends.
func (a attempt) gone(err error) bool {
	var other *replay.DifferenceError
	told := a.server && errors.As(err, &other) && strings.HasPrefix(a.recording.Title, "change_user")
	return isEnd(err) || err == nil || told
}

// relaxed are dialogues in which a server's last bytes may be lost: a kernel resets a
// connection that it closes with unread bytes, which a pipelining client may have sent, and
// dbmesh ends a change of user in its own words.
func (a attempt) relaxed() bool {
	return strings.HasPrefix(a.recording.Title, "pipeline") || strings.HasPrefix(a.recording.Title, "change_user")
}

func inTime(ended <-chan error, wait time.Duration) error {
	select {
	case err := <-ended:
		return err
	case <-time.After(wait):
		return errHangs
	}
}

var errHangs = &hangs{}

// hangs is a time-out: the connection was neither closed nor did it go on.
type hangs struct{}

func (*hangs) Error() string   { return "nothing happens" }
func (*hangs) Timeout() bool   { return true }
func (*hangs) Temporary() bool { return true }
