package cut

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/equality/replay"
)

// TestAClientThatGoesEndsItsBackendsSilence has clients go while the backend still works on
// their command: nothing that it says could tell dbmesh.
func TestAClientThatGoesEndsItsBackendsSilence(t *testing.T) {
	all, err := replay.Load(recordings, "mariadb")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []stage{{name: "plain"}, {name: "slow chain", slow: true}, {name: "inside TLS", inside: true}} {
		t.Run(s.name, func(t *testing.T) {
			s.build(t, all)
			goroutines, descriptors := runtime.NumGoroutine(), open(t)
			each(len(all), atOnce, func(i int) {
				at := endOfCommand(&all[i], i)
				if at == 0 {
					return
				}
				how := []replay.Ending{replay.Close, replay.Reset}[i%2]
				if err := s.leave(&all[i], replay.Cut{At: at, How: how}, fmt.Sprint(i)); err != nil {
					t.Errorf("%s, %s behind byte %d: %v", all[i].Title, how, at, err)
				}
			})
			nothingLeft(t, s.mesh, goroutines, descriptors)
		})
	}
}

// endOfCommand picks a command with an answer and gives where it ends in the client's
// stream. 0 for a dialogue that has none, is large, or is not the backend's alone.
func endOfCommand(r *dialogue.Recording, seed int) int {
	if size(r) > small || !replay.Carried(r) || strings.HasPrefix(r.Title, "change_user") || strings.HasPrefix(r.Title, "pipeline") {
		return 0
	}
	var ends []int
	length := 0
	for i, f := range r.Said.Frames {
		if f.FromServer && !r.Said.Frames[i-1].FromServer {
			ends = append(ends, length)
		}
		if !f.FromServer {
			length += 4 + len(f.Payload)
		}
	}
	if len(ends) == 0 {
		return 0
	}
	return ends[rand.New(rand.NewPCG(1, uint64(seed))).IntN(len(ends))]
}

// leave plays a dialogue up to the cut, from where on the backend is silent.
func (s *stage) leave(r *dialogue.Recording, cut replay.Cut, key string) error {
	script := &replay.Script{Recording: r, Silent: cut.At, Ended: make(chan error, 1)}
	s.backend.Expect(key, script)
	ctx, cancel := context.WithTimeout(context.Background(), playWait)
	defer cancel()
	to := replay.Target(s.mesh.Addr, key)
	to.TLS = s.to.TLS
	if _, err := replay.Client(ctx, to, r, cut); err != replay.ErrCut {
		return fmt.Errorf("the cut was not made: %w", err)
	}
	if err := inTime(script.Ended, within); err != nil && !isEnd(err) {
		return fmt.Errorf("the backend's side: %w", err)
	}
	return nil
}
