package proxy

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Snapshot is what an operator may see of a session, taken by its owner at one moment.
type Snapshot struct {
	ID        uint32         `json:"id"`
	Listener  string         `json:"listener"`
	Client    netip.AddrPort `json:"client"`
	User      string         `json:"user"`
	Schema    string         `json:"schema"`
	Pool      string         `json:"pool"`
	Backend   string         `json:"backend"`
	BackendID uint32         `json:"backend_id"` // the server's own id of the connection
	Doing     string         `json:"doing"`      // login, idle, the command's name, or that it waits
	For       time.Duration  `json:"for_ns"`     // since the command at hand began
	TLS       bool           `json:"tls"`
	Pinned    string         `json:"pinned"` // why it can't leave its backend, "" if it can

	// Which statement is why a session that shares connections keeps the one it has: its
	// normalised text, or the command's name if that is not known, and the text's digest.
	PinnedBy     string        `json:"pinned_by"`
	PinnedDigest string        `json:"pinned_digest"`
	PinnedFor    time.Duration `json:"pinned_for_ns"` // since that statement began
}

// Snapshots asks every loop for its sessions and returns what came in time: a loop that
// does not answer within the limit is left out.
func (s *Server) Snapshots(limit time.Duration) []Snapshot {
	answers := make(chan []Snapshot, len(s.loops))
	asked := 0
	for _, l := range s.loops {
		if l.post(func() { answers <- l.snapshots() }) {
			asked++
		}
	}
	all := []Snapshot{} // shown as JSON: none is [], not null
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for range asked {
		select {
		case part := <-answers:
			all = append(all, part...)
		case <-timer.C:
			return all
		}
	}
	return all
}

func (l *loop) snapshots() []Snapshot {
	now := l.clock()
	all := make([]Snapshot, 0, len(l.sessions))
	for s := range l.sessions {
		all = append(all, s.snapshot(now))
	}
	return all
}

// snapshot leaves out what a goroutine may be changing just now.
func (s *session) snapshot(now time.Duration) Snapshot {
	v := Snapshot{ID: s.ID, Listener: s.Listener, Doing: "login"}
	if s.flow != nil && s.flow.busy {
		v.Doing = "waiting for a goroutine"
		return v
	}
	v.Client, v.User, v.Schema, v.TLS, v.Pinned = s.Client, s.User, s.Schema, s.TLS, s.state.Pin()
	if s.shares {
		if v.Pinned = s.stuck(); v.Pinned != "" {
			s.showTie(&v, now)
		}
	}
	if !s.loginOver || s.link == nil && !s.shares {
		return v
	}
	v.Pool = s.Pool
	if k := s.link; k != nil {
		v.Pool, v.Backend, v.BackendID = k.src.Backend.Pool, k.src.Backend.Name, k.id
	}
	v.Doing = "idle"
	if s.chain != nil {
		v.Doing, v.For = s.cmd.Code.String(), now-s.began
	}
	if x := s.seat; x != nil {
		b := x.src.Backend
		v.Doing, v.Pool, v.Backend = "waiting for a connection", b.Pool, b.Name
	}
	return v
}

// Chains are the chains in force. They may be replaced at any moment; what is read of
// them stays true of that generation.
func (s *Server) Chains() []*core.Chain {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*core.Chain, 0, len(s.lives))
	for _, live := range s.lives {
		if ch := live.Acquire(); ch != nil {
			all = append(all, ch)
			ch.Release()
		}
	}
	slices.SortFunc(all, func(a, b *core.Chain) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}
