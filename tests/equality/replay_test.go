package equality

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/equality/mesh"
	"github.com/dbmesh/dbmesh/tests/equality/replay"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// stage is a backend that plays recordings, and dbmesh before it.
type stage struct {
	backend *replay.Backend
	mesh    *mesh.Mesh
	all     []dialogue.Recording
	to      dialogue.Target // how clients come
}

func newStage(t *testing.T, flavour string, loops int) *stage {
	t.Helper()
	s := setStage(t, flavour, 0)
	s.mesh = mesh.Start(t, mesh.Options{Backend: s.backend.Addr, Loops: loops})
	return s
}

// setStage is newStage without dbmesh.
func setStage(t *testing.T, flavour string, window int) *stage {
	t.Helper()
	all, err := replay.Load("recorded", flavour)
	if err != nil {
		t.Fatal(err)
	}
	b, err := replay.NewBackend(replay.Greeting(all), window)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return &stage{backend: b, all: all}
}

// play replays a dialogue; the two sides may hold different ideas of it. It returns what
// either side noticed.
func (s *stage) play(key string, wait time.Duration, client, server *dialogue.Recording) error {
	ended := make(chan error, 1)
	s.backend.Expect(key, &replay.Script{Recording: server, Ended: ended})
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	to := replay.Target(s.mesh.Addr, key)
	to.TLS, to.Window = s.to.TLS, s.to.Window
	_, err := replay.Client(ctx, to, client, replay.Cut{})
	select {
	case other := <-ended:
		return errors.Join(err, other)
	case <-time.After(wait):
		return errors.Join(err, errors.New("the backend's side does not end"))
	}
}

// thinned is one of three of them at the short scale, else all.
func thinned[T any](all []T) []T {
	if sidecar.Now() > sidecar.Short {
		return all
	}
	var some []T
	for i := 0; i < len(all); i += 3 {
		some = append(some, all[i])
	}
	return some
}

// parallel runs work for each recording, some at once.
func (s *stage) parallel(atOnce int, work func(i int, r *dialogue.Recording)) {
	var running sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range s.all {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			work(i, &s.all[i])
		})
	}
	running.Wait()
}

func TestRecordedDialoguesReplayThroughDbmesh(t *testing.T) {
	loops := []int{1}
	if sidecar.Now() > sidecar.Short {
		loops = []int{1, 2, 4}
	}
	for _, flavour := range flavours {
		for _, n := range loops {
			t.Run(fmt.Sprintf("%s with %d loops", flavour, n), func(t *testing.T) {
				s := newStage(t, string(flavour), n)
				s.parallel(4, func(i int, r *dialogue.Recording) {
					if err := s.play(fmt.Sprint(i), playWait, r, r); err != nil {
						t.Errorf("%s: %v", r.Title, err)
					}
				})
				t.Logf("%d recordings", len(s.all))
			})
		}
	}
}

func TestRecordedDialoguesReplayInsideTLS(t *testing.T) {
	certs, err := servers.NewTLS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := setStage(t, "mariadb", 0)
	s.all = thinned(s.all)
	s.mesh = mesh.Start(t, mesh.Options{Backend: s.backend.Addr, Loops: 1, Cert: certs.ServerCert, Key: certs.ServerKey})
	s.to.TLS = certs.Client()
	s.parallel(4, func(i int, r *dialogue.Recording) {
		if err := s.play(fmt.Sprint(i), playWait, r, r); err != nil {
			t.Errorf("%s: %v", r.Title, err)
		}
	})
}

// window is so small that every write of some length meets a full socket.
const window = 2048

func TestRecordedDialoguesReplayThroughNarrowSockets(t *testing.T) {
	s := setStage(t, "mariadb", window)
	s.to.Window = window
	s.mesh = mesh.Start(t, mesh.Options{Backend: s.backend.Addr, Loops: 1})
	s.all = slices.DeleteFunc(thinned(s.all), func(r dialogue.Recording) bool {
		return len(r.Said.Bytes(true))+len(r.Said.Bytes(false)) > 128<<10 // more takes minutes so
	})
	s.parallel(16, func(i int, r *dialogue.Recording) {
		if err := s.play(fmt.Sprint(i), playWait, r, r); err != nil {
			t.Errorf("%s: %v", r.Title, err)
		}
	})
}

// alteredWait is how long an altered dialogue may hang before that counts as noticed.
const alteredWait = 3 * time.Second

func TestOneAlteredByteInADialogueIsNoticed(t *testing.T) {
	masks, err := dialogue.LoadMasks("masks.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			s := newStage(t, string(flavour), 1)
			s.parallel(16, func(i int, r *dialogue.Recording) {
				for _, fromServer := range []bool{true, false} {
					bad, where := altered(r, i, fromServer)
					if bad == nil {
						continue
					}
					if dialogue.Compare(&r.Said, &bad.Said, masks) == nil {
						t.Errorf("%s: comparison misses the byte altered in frame %d", r.Title, where)
					}
					if s.play(fmt.Sprint(i, fromServer), alteredWait, bad, r) == nil {
						t.Errorf("%s: nobody notices the byte altered in frame %d", r.Title, where)
					}
				}
			})
		})
	}
}

// altered copies a recording with one byte changed, in a payload of the given side that is
// compared exactly; nil if it has none. The last byte of a frame is taken: it seldom makes
// a peer wait.
func altered(r *dialogue.Recording, seed int, fromServer bool) (bad *dialogue.Recording, where int) {
	var candidates []int
	for i, f := range r.Said.Frames {
		if f.FromServer == fromServer && f.Mask == "" && alterable(&f) {
			candidates = append(candidates, i)
		}
	}
	if len(candidates) == 0 {
		return nil, 0
	}
	random := rand.New(rand.NewPCG(2026, uint64(seed)))
	where = candidates[random.IntN(len(candidates))]
	c := *r
	c.Said.Frames = slices.Clone(r.Said.Frames)
	f := &c.Said.Frames[where]
	f.Payload = bytes.Clone(f.Payload)
	f.Payload[len(f.Payload)-1] ^= 0x55
	return &c, where
}

// alterable leaves out what costs too much to copy, and commands that the backend does not
// get to see as the client sent them: unknown ones, and changes of the user.
func alterable(f *dialogue.Frame) bool {
	if n := len(f.Payload); n == 0 || n > wire.MaxPayload/2 {
		return false
	}
	code := core.Code(f.Payload[0])
	return f.FromServer || f.Seq != 0 || code.Known() && code != core.ChangeUser
}
