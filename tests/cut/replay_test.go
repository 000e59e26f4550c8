package cut

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/equality/mesh"
	"github.com/dbmesh/dbmesh/tests/equality/replay"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// stage is a way to set up dbmesh before a backend that plays recordings.
type stage struct {
	name    string
	flavour string
	share   uint32 // one of so many of the scale's attempts
	slow    bool   // the chain's hooks run on goroutines
	inside  bool   // clients come inside TLS

	backend *replay.Backend
	mesh    *mesh.Mesh
	to      dialogue.Target
}

func TestACutDialogueEndsBothSidesAndLeavesNothing(t *testing.T) {
	for _, s := range []stage{
		{name: "mariadb", flavour: "mariadb", share: 1},
		{name: "tidb", flavour: "tidb", share: 1},
		{name: "slow chain", flavour: "mariadb", share: 10, slow: true},
		{name: "inside TLS", flavour: "mariadb", share: 20, inside: true},
	} {
		t.Run(s.name, func(t *testing.T) {
			all, err := replay.Load(recordings, s.flavour)
			if err != nil {
				t.Fatal(err)
			}
			s.build(t, all)
			s.backend.Expect("bystander", &replay.Script{Echo: true, Ended: make(chan error, 1)})
			goroutines, descriptors := runtime.NumGoroutine(), open(t)
			other := watch(t, replay.Target(s.mesh.Addr, "bystander"))

			attempts, large := plan(all, s.flavour, s.share)
			try := func(a attempt, key string) {
				if err := s.try(a, key); err != nil {
					t.Errorf("%s, %s: %v", a.recording.Title, a, err)
				}
			}
			each(len(attempts), atOnce, func(i int) { try(attempts[i], fmt.Sprint(i)) })
			each(len(large), fewOnce, func(i int) { try(large[i], fmt.Sprint("large ", i)) })
			other.unaffected(t)
			nothingLeft(t, s.mesh, goroutines, descriptors)
			t.Logf("%d cuts of %d dialogues", len(attempts)+len(large), len(all))
		})
	}
}

func (s *stage) build(t *testing.T, all []dialogue.Recording) {
	t.Helper()
	var err error
	if s.backend, err = replay.NewBackend(replay.Greeting(all), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.backend.Close)
	o := mesh.Options{Backend: s.backend.Addr, Loops: 2}
	if s.slow {
		o.Extra = core.Kind{Slow: true, New: func(string, core.Decode) (core.Filter, error) { return idler{}, nil }}
	}
	if s.inside {
		certs, err := servers.NewTLS(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		o.Cert, o.Key, s.to.TLS = certs.ServerCert, certs.ServerKey, certs.Client()
	}
	s.mesh = mesh.Start(t, o)
}

// idler is a filter that looks at every command from a goroutine.
type idler struct{}

// OnCommand goes on.
func (idler) OnCommand(context.Context, *core.Command) (core.Verdict, error) {
	runtime.Gosched()
	return core.Continue(), nil
}

// OnDone reads the command, which must be there still.
func (idler) OnDone(c *core.Command, _ *core.Outcome) { _ = string(c.SQL) }

// Close has nothing to end.
func (idler) Close() error { return nil }

func (a attempt) String() string {
	side := "client"
	if a.server {
		side = "server"
	}
	return fmt.Sprintf("%s's stream at byte %d, %s", side, a.cut.At, a.cut.How)
}

// try makes one attempt.
func (s *stage) try(a attempt, key string) error {
	script := &replay.Script{Recording: a.recording, Ended: make(chan error, 1)}
	mine := a.cut
	if a.server {
		script.Cut, mine = a.cut, replay.Cut{}
	}
	s.backend.Expect(key, script)
	ctx, cancel := context.WithTimeout(context.Background(), playWait)
	defer cancel()
	to := replay.Target(s.mesh.Addr, key)
	to.TLS = s.to.TLS
	client := make(chan error, 1)
	var got int
	go func() {
		var err error
		got, err = replay.Client(ctx, to, a.recording, mine)
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
