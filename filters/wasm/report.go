package wasm

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// Report tells how far a filter came on its way into force, and what was found out about it.
// What lies behind the failed step is zero.
type Report struct {
	Name      string
	Hash      string             // SHA-256 of the module in hex
	Size      int                // of the module in bytes
	Signed    string             // id of the key that signed it, "" if that was not checked
	Manifest  *manifest.Manifest // nil without one
	Config    string             // its settings as JSON, all layers together
	Grants    []string
	Fuel      uint64 // limits in force
	Memory    core.Size
	Instances int
	Tick      time.Duration

	Module      *module.Module // imports, exports, memory, segments
	Hooks       []string       // effective
	WantsParams bool
	Cached      bool          // the machine code was in the compiler's cache
	Load        time.Duration // compile, instantiate and configure
	Start       core.Size     // linear memory of the first instance after its configuration
	Cases       int           // of the manifest, that were run and passed

	Steps   []Step // in order; the last one has the refusal, if there is one
	Refusal error
}

// Step is one part of the way.
type Step struct {
	Name string // size, signature, manifest, module, load, hooks, cases
	Took time.Duration
	Err  error
}

// step runs one part and notes it.
func (r *Report) step(name string, do func() error) bool {
	start := time.Now()
	err := do()
	r.Steps = append(r.Steps, Step{name, time.Since(start), err})
	if err != nil {
		r.Refusal = err
	}
	return err == nil
}

// hookNames are the exports of a set of hooks.
func hookNames(set uint16) []string {
	var out []string
	for h := range abi.Hooks {
		if set&(1<<h) != 0 {
			out = append(out, h.String())
		}
	}
	return out
}
