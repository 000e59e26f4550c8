package equality

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// atOnce is how many dialogues are played at once. A change of a table in TiDB fails
// statements of others that run at that moment.
func atOnce(flavour servers.Flavour) int {
	if flavour == servers.FlavourTiDB {
		return 1
	}
	return 4
}

// fewLarge is one of how many large dialogues the short scale plays on servers.
const fewLarge = 4

func load(t *testing.T) ([]*dialogue.Dialogue, dialogue.Masks) {
	t.Helper()
	all, err := dialogue.Load("corpus")
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(d *dialogue.Dialogue) bool { return !wanted.MatchString(d.Name) })
	turn := 0
	all = slices.DeleteFunc(all, func(d *dialogue.Dialogue) bool {
		if !d.Large || *update || sidecar.Now() > sidecar.Short {
			return false
		}
		turn++
		return turn%fewLarge != 1
	})
	masks, err := dialogue.LoadMasks("masks.txt")
	if err != nil {
		t.Fatal(err)
	}
	return all, masks
}

func TestDialoguesAreTheSameDirectlyAndThroughDbmesh(t *testing.T) {
	all, masks := load(t)
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			p := at(t, flavour)
			r := recorder{flavour: string(flavour)}
			played, names := 0, map[string]bool{}
			here := slices.DeleteFunc(slices.Clone(all), func(d *dialogue.Dialogue) bool { return !d.On(string(flavour)) })
			each(here, atOnce(flavour), func(d *dialogue.Dialogue) {
				if said, caps, ok := p.compare(t, d, masks); ok {
					r.add(d, caps, said)
				}
			})
			for _, d := range here {
				played++
				names[d.Name] = true
			}
			t.Logf("%d dialogues, %d with their variants", len(names), played)
			if *update && *only == "" && !t.Failed() {
				r.save(t)
			}
		})
	}
}

// each plays dialogues at once, but the variants of one dialogue in turn, for they may use
// the same schema, and those that move much alone.
func each(all []*dialogue.Dialogue, atOnce int, play func(*dialogue.Dialogue)) {
	byName := map[string][]*dialogue.Dialogue{}
	var names []string
	for _, d := range all {
		if byName[d.Name] == nil {
			names = append(names, d.Name)
		}
		byName[d.Name] = append(byName[d.Name], d)
	}
	var running sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, name := range names {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			for _, d := range byName[name] {
				play(d)
			}
		})
	}
	running.Wait()
}

// compare plays a dialogue on both ways and compares. A difference that two direct runs
// have as well is the corpus's fault.
func (p *place) compare(t *testing.T, d *dialogue.Dialogue, masks dialogue.Masks) (*dialogue.Transcript, uint64, bool) {
	want, caps, err := p.play(p.direct, d)
	if err != nil {
		t.Errorf("direct: %v", err)
		return nil, 0, false
	}
	got, agreed, err := p.play(p.mesh, d)
	if err != nil {
		t.Errorf("through dbmesh: %v", err)
		if got == nil {
			return nil, 0, false
		}
	}
	if a, b := wire.Caps(caps).Class(), wire.Caps(agreed).Class(); a != b {
		t.Errorf("%s: capabilities %#x agreed through dbmesh, directly %#x", d.Title(), uint64(b), uint64(a))
	}
	diff := dialogue.Compare(want, got, masks)
	if diff == nil {
		return want, caps, true
	}
	if again, _, err := p.play(p.direct, d); err != nil || dialogue.Compare(want, again, masks) != nil {
		t.Errorf("%s differs between two direct runs: %v, %v", d.Title(), err, dialogue.Compare(want, again, masks))
		return nil, 0, false
	}
	t.Errorf("%s (%s) differs through dbmesh: %v", d.Title(), d.File, diff)
	return nil, 0, false
}

// recorder keeps what a server said, file by file as in the corpus.
type recorder struct {
	flavour string
	mu      sync.Mutex
	files   map[string][]dialogue.Recording
}

func (r *recorder) add(d *dialogue.Dialogue, caps uint64, said *dialogue.Transcript) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.files == nil {
		r.files = map[string][]dialogue.Recording{}
	}
	r.files[d.File] = append(r.files[d.File], dialogue.Recording{Title: d.Title(), Caps: wire.Caps(caps), Said: *said})
}

func (r *recorder) save(t *testing.T) {
	dir := filepath.Join("recorded", r.flavour)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, some := range r.files {
		slices.SortFunc(some, func(a, b dialogue.Recording) int { return cmp.Compare(a.Title, b.Title) })
		if err := dialogue.Save(filepath.Join(dir, file+".txt"), some); err != nil {
			t.Fatal(err)
		}
	}
}
