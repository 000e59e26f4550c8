// Package cost_test measures what a guest costs a command: the whole way through the host, in
// one run, as ratios to the same guest with an empty hook.
package cost_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/toolchain"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// TestAFilterOnFactsCostsLittleMoreThanItsEmptyHook takes turns between the two guests of a
// language and compares their quickest batches, which other work on the machine disturbs
// least.
func TestAFilterOnFactsCostsLittleMoreThanItsEmptyHook(t *testing.T) {
	for language, bar := range map[string]float64{"go": 4, "c": 2.5, "rust": 2.5} {
		t.Run(language, func(t *testing.T) {
			empty, facts := load(t, language+"-empty"), load(t, language+"-facts")
			if n := testing.AllocsPerRun(1000, empty.call); n != 0 {
				t.Errorf("an empty hook makes %v allocations", n)
			}
			if n := testing.AllocsPerRun(1000, facts.call); n != 0 {
				t.Errorf("a pass by facts makes %v allocations", n)
			}
			var ratio float64
			for range 5 {
				e, f := compare(empty, facts)
				ratio = f / e
				t.Logf("%s: empty hook %.0f ns, pass by facts %.0f ns, %d fuel: %.2f times", language, e, f, facts.c.Fuel, ratio)
				if ratio <= bar {
					return
				}
			}
			t.Errorf("a pass by facts takes %.2f times the empty hook, want at most %v", ratio, bar)
		})
	}
}

func BenchmarkHook(b *testing.B) {
	for _, name := range []string{"go-empty", "go-facts", "c-empty", "c-facts", "rust-empty", "rust-facts"} {
		b.Run(name, func(b *testing.B) {
			g := load(b, name)
			b.ReportAllocs()
			for b.Loop() {
				g.call()
			}
		})
	}
}

// asked is a guest and the question that it is asked.
type asked struct {
	p *guest.Program
	c guest.Call
}

func (a *asked) call() {
	if err := a.p.Call(context.Background(), abi.HookQuery, 0, &a.c); err != nil {
		panic(err)
	}
}

const (
	batches = 400
	batch   = 500
)

func compare(a, b *asked) (least, other float64) {
	least, other = math.Inf(1), math.Inf(1)
	for range batches {
		least, other = min(least, a.batch()), min(other, b.batch())
	}
	return least, other
}

func (a *asked) batch() float64 {
	start := time.Now()
	for range batch {
		a.call()
	}
	return float64(time.Since(start).Nanoseconds()) / batch
}

func load(t testing.TB, name string) *asked {
	t.Helper()
	compiler, err := guest.NewCompiler("")
	if err != nil {
		t.Fatal(err)
	}
	p, err := guest.Load(context.Background(), guest.Options{
		Name: name, Module: build(t, name), Grants: guest.BareGrants(), Compiler: compiler, Budget: guest.NewBudget(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	a := &asked{p: p}
	a.c.Session, a.c.State, a.c.SQL = coretest.Session(), &guest.State{}, []byte("SELECT c FROM sbtest1 WHERE id = 4711")
	a.c.Facts = &core.Facts{Kind: core.StatementSelect, Access: core.AccessRead, Where: true, ReadSafe: true,
		Tables: []core.Table{{Name: "sbtest1"}}, Digest: fmt.Sprintf("%064x", 4711)}
	return a
}

// build compiles a guest with the command, as its author would.
func build(t testing.TB, name string) []byte {
	t.Helper()
	binary, err := sidecar.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("guests", name)
	language, err := toolchain.Detect(dir)
	if err != nil {
		t.Fatal(err)
	}
	var missing *toolchain.Missing
	if _, err := toolchain.Find(language, dir); errors.As(err, &missing) {
		if os.Getenv("DBMESH_REQUIRE_SERVERS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), name+".wasm")
	if out, err := exec.Command(binary, "filter", "build", dir, "-o", path).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	module, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return module
}
