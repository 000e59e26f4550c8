package hostile_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
)

const (
	fuel     = guest.DefaultFuel
	initFuel = 20_000_000 // less than the default, so that tests are quick
)

// TestGuestsStopInTime asks each module by itself, where its fuel and its memory can be read.
func TestGuestsStopInTime(t *testing.T) {
	for _, f := range families() {
		for _, a := range f.attacks {
			t.Run(a.name, func(t *testing.T) { a.alone(t) })
		}
	}
}

// alone loads the module and asks each hook that it has a few times.
func (a attack) alone(t *testing.T) {
	budget := guest.NewBudget(0)
	compiler, err := guest.NewCompiler("")
	if err != nil {
		t.Fatal(err)
	}
	p, err := guest.Load(context.Background(), guest.Options{
		Name: a.name, Module: a.build(), Grants: append(guest.BareGrants(), abi.CapRows),
		Limits: guest.Limits{InitFuel: initFuel}, Compiler: compiler, Budget: budget,
	})
	if a.refused != "" {
		if err == nil {
			_ = p.Close()
			t.Fatalf("it is loaded, want a refusal with %q", a.refused)
		}
		if !strings.Contains(err.Error(), a.refused) {
			t.Errorf("it is refused with %q, want %q in it", err, a.refused)
		}
		if used := budget.Used(); used != 0 {
			t.Errorf("%v of memory are still counted", used)
		}
		return
	}
	if err != nil {
		t.Fatalf("it is refused: %v", err)
	}
	faults := 0
	session := coretest.Session()
	c := &guest.Call{}
	for range 5 {
		for h := range abi.Hooks {
			if !p.Has(h) {
				continue
			}
			c.Reset()
			c.Session, c.State, c.SQL = session, &guest.State{}, []byte("SELECT a FROM t")
			c.Facts = &core.Facts{Kind: core.StatementSelect, Access: core.AccessRead, Tables: []core.Table{{Name: "t"}}, ReadSafe: true}
			c.Outcome, c.Columns = &core.Outcome{}, []core.Column{{Name: "a"}}
			err := p.Call(context.Background(), h, 0, c)
			if c.Fuel > 2*fuel {
				t.Errorf("%v used %d fuel of %d", h, c.Fuel, fuel)
			}
			var fault *guest.Fault
			if err != nil && !errors.As(err, &fault) {
				t.Errorf("%v: %v is no fault", h, err)
			}
			if err == nil {
				continue
			}
			faults++
			if a.told != "" && a.told != "failed" && !strings.Contains(fault.Text, a.told) {
				t.Errorf("%v: the fault is %q, want %q in it", h, fault.Text, a.told)
			}
		}
		if s := p.Stats(); s.Memory > core.Size(s.Instances)*guest.DefaultMemory {
			t.Errorf("%d instances hold %v", s.Instances, s.Memory)
		}
	}
	if (a.told != "" || a.breaks) != (faults > 0) {
		t.Errorf("there were %d faults", faults)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	<-p.Done()
	if used := budget.Used(); used != 0 {
		t.Errorf("%v of memory are still counted after its end", used)
	}
}
