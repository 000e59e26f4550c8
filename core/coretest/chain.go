package coretest

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/dbmesh/dbmesh/core"
)

// Link is one entry of a chain under test. An empty Name is the entry's position.
type Link struct {
	Name   string
	Filter core.Filter
	Policy core.Policy
}

// Chain builds a chain named "test" of the filters, in order, and discards it when the
// test ends.
func Chain(t testing.TB, filters ...core.Filter) *core.Chain {
	t.Helper()
	links := make([]Link, len(filters))
	for i, f := range filters {
		links[i].Filter = f
	}
	ch, err := Build(&core.Builder{}, links...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ch.Discard)
	return ch
}

// Build makes a chain named "test" with the builder's observer and log; its registry is
// replaced. The caller discards the chain or puts it in force.
func Build(b *core.Builder, links ...Link) (*core.Chain, error) {
	reg := core.Registry{}
	specs := make([]core.Spec, len(links))
	for i, l := range links {
		kind := fmt.Sprintf("fake-%d", i)
		reg[kind] = core.Kind{New: func(string, core.Decode) (core.Filter, error) { return l.Filter, nil }}
		name := l.Name
		if name == "" {
			name = fmt.Sprint(i)
		}
		specs[i] = core.Spec{Name: name, Kind: kind, OnFailure: l.Policy}
	}
	b.Registry = reg
	if b.Log == nil {
		b.Log = slog.New(slog.DiscardHandler)
	}
	return b.Build("test", specs)
}
