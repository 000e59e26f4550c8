package cut

import (
	"hash/fnv"
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/equality/replay"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

const (
	step   = 16
	small  = 64 << 10 // a dialogue up to this many bytes is cut everywhere
	fringe = 4 << 10  // of a larger one, what is cut at its beginning and end
	around = 16       // bytes before and behind a frame boundary of a larger one
	// boundaries is how many frame boundaries of a large dialogue are cut around: all of
	// those that can be megabytes apart, and some of those of thousands of small rows.
	boundaries = 40
)

// attempt is one cut of one dialogue.
type attempt struct {
	recording *dialogue.Recording
	server    bool // the server's stream is cut, else the client's
	cut       replay.Cut
}

// size is how many bytes both sides say.
func size(r *dialogue.Recording) int {
	n := 0
	for _, f := range r.Said.Frames {
		n += wire.HeaderLen + len(f.Payload)
	}
	return n
}

// offsets are the places where a side's stream is cut.
func offsets(r *dialogue.Recording, server bool) []int {
	length := 0
	var ends []int
	for _, f := range r.Said.Frames {
		if f.FromServer == server {
			length += wire.HeaderLen + len(f.Payload)
			ends = append(ends, length)
		}
	}
	var all []int
	if length == 0 {
		return nil
	}
	if length <= small {
		for at := 0; at <= length; at += step {
			all = append(all, at)
		}
		return all
	}
	for at := 0; at < fringe; at += step {
		all = append(all, at, length-at)
	}
	every := max(1, len(ends)/boundaries)
	for i := 0; i < len(ends); i += every {
		for d := -around; d < around; d++ {
			if at := ends[i] + d; at > fringe && at < length-fringe {
				all = append(all, at)
			}
		}
	}
	return all
}

// endings are how the places of a dialogue are cut. The full scale cuts each place in every
// way; else the ways take turns from place to place.
func endings(turn int) []replay.Ending {
	all := []replay.Ending{replay.Close, replay.Reset, replay.Stall}
	if sidecar.Now() == sidecar.Full {
		return all
	}
	return all[turn%3 : turn%3+1]
}

// share is which part of the attempts a scale makes: one of so many. Megabytes must go by
// before most of the places in a large dialogue.
func share(server string, large bool) uint32 {
	switch now := sidecar.Now(); {
	case now == sidecar.Full:
		return 1
	case now == sidecar.CI && large:
		return 60
	case now == sidecar.CI && server == "mariadb":
		return 1
	case now == sidecar.CI:
		return 10
	case large:
		return 600
	}
	return 40
}

// plan is every attempt of a scale at the recordings of a server, or one of part of them;
// apart for those that move much.
func plan(all []dialogue.Recording, server string, part uint32) (attempts, large []attempt) {
	seen := map[string]bool{}
	for i := range all {
		r := &all[i]
		isLarge := size(r) > 1<<20
		s := part * share(server, isLarge)
		name, _, _ := strings.Cut(r.Title, "/")
		if seen[name] && sidecar.Now() != sidecar.Full {
			s *= 3 // further variants of a dialogue take much the same way
		}
		seen[name] = true
		some := attemptsAt(r, i, s)
		if isLarge {
			large = append(large, some...)
		} else {
			attempts = append(attempts, some...)
		}
	}
	return attempts, large
}

func attemptsAt(r *dialogue.Recording, i int, share uint32) []attempt {
	var attempts []attempt
	for _, server := range []bool{false, true} {
		if server && !replay.Carried(r) {
			continue // not every byte that the client hears is the backend's
		}
		for turn, at := range offsets(r, server) {
			for _, how := range endings(turn + i) {
				if chosen(r.Title, at, share) {
					attempts = append(attempts, attempt{r, server, replay.Cut{At: at, How: how}})
				}
			}
		}
	}
	return attempts
}

// chosen picks one place of so many, the same in every run.
func chosen(title string, at int, share uint32) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(title))
	_, _ = h.Write([]byte{byte(at), byte(at >> 8), byte(at >> 16), byte(at >> 24)})
	return h.Sum32()%share == 0
}
