package wasm

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
)

// DefaultTick is the time from one on_tick to the next if nobody says.
const DefaultTick = 10 * time.Second

// effective is what a filter runs with once manifest, settings and operator are put together.
type effective struct {
	manifest *manifest.Manifest // never nil
	bare     bool               // there is no manifest
	config   json.RawMessage
	grants   []string // sorted
	limits   guest.Limits
	tick     time.Duration
}

// settle puts together what the files ask for and what the operator says.
func settle(src *Source, o *Options) (*effective, error) {
	e := &effective{manifest: &manifest.Manifest{}, bare: true}
	name, text, err := manifestOf(src)
	if err != nil {
		return nil, err
	}
	if text != nil {
		e.bare = false
		if e.manifest, err = manifest.Parse(name, text); err != nil {
			return nil, err
		}
	}
	if err := e.settings(src, o); err != nil {
		return nil, err
	}
	if err := e.capabilities(o); err != nil {
		return nil, err
	}
	return e, e.bounds(o)
}

// manifestOf finds the manifest's text and what errors shall call it, nil for none.
func manifestOf(src *Source) (name string, text []byte, err error) {
	sections, err := customs(src.Module)
	if err != nil {
		return "", nil, err
	}
	for _, s := range sections {
		if s.name == abi.ManifestSection {
			return "the manifest in the module", s.payload, nil
		}
	}
	return src.Name + ".filter.yaml", src.Manifest, nil
}

func (e *effective) settings(src *Source, o *Options) error {
	beside := &manifest.Settings{}
	if src.Settings != nil {
		name := src.Name + ".yaml"
		var err error
		if beside, err = manifest.ParseSettings(name, src.Settings); err != nil {
			return err
		}
		if err := e.manifest.Config.Check(beside.Values); err != nil {
			var all []error
			for mistake := range strings.SplitSeq(err.Error(), "\n") {
				key, _, _ := strings.Cut(mistake, ":")
				all = append(all, fmt.Errorf("%s: line %d: %s", name, beside.Line(key), mistake))
			}
			return errors.Join(all...)
		}
	}
	if err := e.manifest.Config.Check(o.Config); err != nil {
		return &SettingsError{err}
	}
	all, err := e.manifest.Config.Complete(beside.Values, o.Config)
	if err != nil {
		return err
	}
	if e.config, err = json.Marshal(all); err != nil {
		return fmt.Errorf("its settings as JSON: %w", err)
	}
	return nil
}

// SettingsError is about the operator's own settings for a filter, as its Config in Options.
type SettingsError struct{ Err error }

func (e *SettingsError) Error() string { return "config: " + e.Err.Error() }

// Unwrap gives the errors without the word "config".
func (e *SettingsError) Unwrap() error { return e.Err }

// capabilities gives a filter what it asks for, all or nothing. One without a manifest can't
// ask, and gets what the operator grants.
func (e *effective) capabilities(o *Options) error {
	granted := append(guest.BareGrants(), o.Grant...)
	e.grants = granted
	if !e.bare {
		asks := e.manifest.Asks()
		var missing []string
		for _, c := range asks {
			if !slices.Contains(granted, c) {
				missing = append(missing, c)
			}
		}
		if len(missing) > 0 {
			noun, pronoun := "capability", "it"
			if len(missing) > 1 {
				noun, pronoun = "capabilities", "them"
			}
			return fmt.Errorf("it asks for the %s %s; to grant %s, put \"grant: [%s]\" into its part of the config",
				noun, strings.Join(missing, ", "), pronoun, strings.Join(slices.Concat(o.Grant, missing), ", "))
		}
		e.grants = append(guest.BareGrants(), asks...)
	}
	slices.Sort(e.grants)
	e.grants = slices.Compact(e.grants)
	return nil
}

func (e *effective) granted(capability string) bool { return slices.Contains(e.grants, capability) }

// bounds takes the operator's limits, else what the manifest asks for within the defaults.
func (e *effective) bounds(o *Options) error {
	asked := e.manifest.Limits
	e.limits = guest.Limits{Fuel: o.Fuel, Memory: o.Memory, Instances: o.Instances, LogLines: o.LogLines}
	if o.Fuel == 0 {
		if asked.Fuel > guest.DefaultFuel {
			return tooMuch("fuel", asked.Fuel, guest.DefaultFuel)
		}
		e.limits.Fuel = uint64(asked.Fuel)
	}
	if o.Memory == 0 {
		if asked.Memory > guest.DefaultMemory {
			return tooMuch("memory", core.Size(asked.Memory), core.Size(guest.DefaultMemory))
		}
		e.limits.Memory = core.Size(asked.Memory)
	}
	if o.Instances == 0 {
		e.limits.Instances = min(max(asked.Instances, 0), 2*runtime.GOMAXPROCS(0))
	}
	e.tick = cmp.Or(o.Tick, time.Duration(asked.Tick), DefaultTick)
	return nil
}

func tooMuch(key string, asked, most any) error {
	return fmt.Errorf("it asks for %v of %s, more than the %v that it gets unasked; to grant it, put \"%s: %v\" into its part of the config",
		asked, key, most, key, asked)
}
