package backend

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Reporter is told what happens to backends. Its methods are called from probers and from
// sessions, concurrently, and must not block.
type Reporter interface {
	// StateChanged is called after each change of a backend's state. Reason is a sentence
	// for people.
	StateChanged(b *core.Backend, from, to core.State, reason string)
	// Probed is called after each probe, with what it took; err is nil for a live backend.
	Probed(b *core.Backend, took time.Duration, err error)
	// Unencrypted is called for each connection that stays in the clear because the server
	// offers no TLS and the mode is only to prefer it.
	Unencrypted(b *core.Backend)
}

// silent is the Reporter of a Set that was given none.
type silent struct{}

func (silent) StateChanged(*core.Backend, core.State, core.State, string) {}
func (silent) Probed(*core.Backend, time.Duration, error)                 {}
func (silent) Unencrypted(*core.Backend)                                  {}
