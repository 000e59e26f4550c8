package cut

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/equality/mesh"
	"github.com/dbmesh/dbmesh/tests/equality/replay"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// onServer is how many dialogues are cut on a real server at least.
const onServer = 40

// bench is a real server with dbmesh before it, and a relay on either side of dbmesh.
type bench struct {
	mesh         *mesh.Mesh
	front, back  *relay
	direct, cuts dialogue.Target
	masks        dialogue.Masks
}

func TestACutDialogueWithARealServerEndsBothSidesAndLeavesNothing(t *testing.T) {
	s := servers.MariaDB(t, servers.WithoutTLS())
	s.Create(t, servers.Account{Name: "player", Password: "playerpw", Grant: "ALL ON *.*"})
	b := bench{back: newRelay(t, s.Addr, true)}
	var err error
	if b.masks, err = dialogue.LoadMasks("../equality/masks.txt"); err != nil {
		t.Fatal(err)
	}
	b.mesh = mesh.Start(t, mesh.Options{Backend: b.back.addr, Loops: 2})
	b.front = newRelay(t, b.mesh.Addr, false)
	b.direct = dialogue.Target{Addr: s.Addr, User: "player", Password: "playerpw", Schema: servers.Schema}
	b.cuts = b.direct
	b.cuts.Addr = b.front.addr
	played := b.record(t)
	if len(played) < onServer {
		t.Fatalf("only %d dialogues can be cut on a real server, want %d", len(played), onServer)
	}
	goroutines, descriptors := runtime.NumGoroutine(), open(t)
	mine := b.direct
	mine.Addr = b.mesh.Addr
	other := watch(t, mine)
	var attempts []attempt
	byTitle := map[string]*dialogue.Dialogue{}
	for i := range played {
		byTitle[played[i].recording.Title] = played[i].dialogue
		attempts = append(attempts, attemptsAt(&played[i].recording, i, serverShare())...)
	}
	each(len(attempts), atOnce, func(i int) {
		a := attempts[i]
		if err := b.try(a, byTitle[a.recording.Title], fmt.Sprint(i)); err != nil {
			t.Errorf("%s, %s: %v", a.recording.Title, a, err)
		}
	})
	other.unaffected(t)
	nothingLeft(t, b.mesh, goroutines, descriptors)
	t.Logf("%d cuts of %d dialogues", len(attempts), len(played))
}

func serverShare() uint32 {
	return map[sidecar.Scale]uint32{sidecar.Short: 20, sidecar.CI: 1, sidecar.Full: 1}[sidecar.Now()]
}

// recorded is a dialogue and how it went directly.
type recorded struct {
	dialogue  *dialogue.Dialogue
	recording dialogue.Recording
}

// record plays dialogues directly: short ones that leave nothing behind, so that they can
// be played at once and cut anywhere.
func (b *bench) record(t *testing.T) []recorded {
	t.Helper()
	all, err := dialogue.Load("../equality/corpus")
	if err != nil {
		t.Fatal(err)
	}
	var some []recorded
	for _, d := range all {
		if d.Fresh || d.Large || d.User != "" || d.Variant != "modern" || !d.On("mariadb") || !chosen(d.Name, 0, 3) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), playWait)
		said, caps, err := dialogue.Play(ctx, b.direct, d)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		r := recorded{d, dialogue.Recording{Title: d.Title(), Caps: caps, Said: *said}}
		if size(&r.recording) < 4<<10 {
			some = append(some, r)
		}
	}
	slices.SortFunc(some, func(x, y recorded) int { return cmp.Compare(x.recording.Title, y.recording.Title) })
	return some
}

// try plays a dialogue with one cut.
func (b *bench) try(a attempt, d *dialogue.Dialogue, key string) error {
	atFront, atBack := a.cut, replay.Cut{}
	if a.server {
		atFront, atBack = atBack, atFront
	}
	front, back := b.front.expect(key, atFront), b.back.expect(key, atBack)
	to := b.cuts
	to.Attrs = wire.AppendAttr(nil, replay.KeyAttr, key)
	ctx, cancel := context.WithTimeout(context.Background(), playWait)
	defer cancel()
	said, _, err := dialogue.Play(ctx, to, d)
	if err != nil {
		return err
	}
	want := a.recording.Said
	if a.cut.How != replay.Stall {
		want.Frames = want.Frames[:min(len(want.Frames), len(said.Frames))]
	}
	return errors.Join(dialogue.Compare(&want, said, b.masks), closed(front, "client"), closed(back, "backend"))
}

// closed waits until the connections of a relay have ended.
func closed(p *planned, side string) error {
	ended := make(chan error, 1)
	go func() { <-p.ended; ended <- nil }()
	if err := inTime(ended, within); err != nil {
		return fmt.Errorf("the %s's side: %w", side, err)
	}
	return nil
}
