// Package wasm is the filter kind for user filters in WebAssembly: a link that stands for one
// module or for a directory of them.
//
// Load takes a filter from its files to a Filter that a chain can ask, without a proxy. Store
// does so for a process: it keeps what is loaded from one generation of the chains to the
// next, and watches the directories.
package wasm

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
)

// Source is a filter as its files have it. A nil slice is a file that is not there.
type Source struct {
	Name      string // of the filter: the file's without .wasm
	Module    []byte // NAME.wasm
	Manifest  []byte // NAME.filter.yaml; not read if the module has one inside
	Settings  []byte // NAME.yaml
	Signature []byte // NAME.wasm.sig
}

// Hash is the SHA-256 of the module in hex, what sha256sum prints.
func (s *Source) Hash() string {
	sum := sha256.Sum256(s.Module)
	return hex.EncodeToString(sum[:])
}

// DefaultModuleSize is how long a module may be if the operator does not say.
const DefaultModuleSize core.Size = 4 << 20

// Options are what the operator says of a filter. Zero fields take what its manifest asks
// for, within the default, or the default.
type Options struct {
	Config        map[string]any // wins over the settings of NAME.yaml, key by key
	Grant         []string       // capabilities beyond sql and log
	Monitor       bool           // its verdicts are told and not applied
	Fuel          uint64         // of one hook
	Memory        core.Size      // of one instance
	Instances     int
	Tick          time.Duration // from one on_tick to the next
	LogLines      int           // per second
	ModuleSize    core.Size
	RequireSigned bool
	Keys          []ed25519.PublicKey // one of them must have signed, if there are any
}

// Deps is what loading takes from the process.
type Deps struct {
	Compiler *guest.Compiler // required
	Budget   *guest.Budget   // required
	Log      *slog.Logger    // nil drops the filter's lines
	// Classify finds the facts of a text, for a manifest's cases; without it cases are not run.
	Classify func(sql []byte) *core.Facts
	Clock    func() time.Time // nil is time.Now
	// Asked hears of each question to the guest, on the goroutine that asked; nil for nobody.
	Asked func(Asked)

	store   *service.Store // of the filter, across generations; nil makes one
	metrics service.Metrics
	counts  *counts
}
