package module_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
	. "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// counted is a loop of as many rounds as local 0 says.
func counted(body ...Code) Code {
	var all Code
	for _, c := range body {
		all += c
	}
	return Loop(all, Get(0), I32(1), I32Sub, Tee(0), BrIf(0))
}

func TestFuelIsExact(t *testing.T) {
	m := Guest()
	f := func(name string, locals []Type, body ...Code) uint32 {
		return m.Func(name, []Type{Int32}, nil, locals, body...)
	}
	// Entry: 16, a quarter of locals and deepest stack, and what the way after the last debit
	// costs at 64 units a fuel. Loop: 1 a round, and the round's units at 64 a fuel.
	leaf := f("leaf", nil, Nop)
	f("loop", nil, counted())                                               // 16; 6 units a round
	f("locals", several(100, Int32), counted())                             // 16 + 103/4
	f("long round", nil, counted(rep(Nop, 200)))                            // 16 + 205/64; 1 + 206/64 a round
	f("chunk", nil, counted(rep(Nop, 600)))                                 // 16 + 93/64; 512/64 and 1 + 94/64 a round
	f("leaf call", nil, Get(0), Call(leaf))                                 // 16; 65 units
	f("division", nil, counted(Get(0), Get(0), I32DivU, Drop))              // 16; 25 units a round
	f("fill", nil, I32(0), I32(0), Get(0), MemoryFill)                      // 16 + 4/4 + 67/64, n/16
	f("grow", nil, Get(0), MemoryGrow, Drop)                                // 16; 4097/64, rounded up
	f("recursion", nil, Get(0), If(Get(0), I32(1), I32Sub, Call(m.Next()))) // 16 a call; 69 units
	g := meteredGuest(t, m.Build())
	for _, c := range []struct {
		name string
		arg  uint64
		want int64
	}{
		{abi.ExportVersion, 0, 0},
		{"leaf", 0, 0},
		{"loop", 1, 16 + 1}, {"loop", 1000, 16 + 1000},
		{"locals", 10, 16 + 25 + 10},
		{"long round", 10, 16 + 3 + 10*(1+3)},
		{"chunk", 10, 16 + 1 + 10*(8+1+1)},
		{"leaf call", 0, 17},
		{"division", 10, 16 + 10},
		{"fill", 1600, 18 + 100}, {"fill", 15, 18},
		{"grow", 1, 16 + 65},
		{"recursion", 9, 10 * 17},
	} {
		var args []uint64
		if c.name != abi.ExportVersion {
			args = append(args, c.arg)
		}
		for range 2 {
			if _, took, err := g.run(1<<40, c.name, args...); err != nil || took != c.want {
				t.Errorf("%s(%d) took %d fuel, want %d (%v)", c.name, c.arg, took, c.want, err)
			}
		}
	}
}

func rep(c Code, n int) Code { return Code(strings.Repeat(string(c), n)) }

// endless are functions that run for ever, each in a module of its own.
func endless() map[string]*Module {
	all := map[string]*Module{}
	f := func(name string, locals []Type, body ...Code) {
		m := &Module{}
		m.Memory(256, 256)
		m.Table(1000, 60_000)
		m.Func("f", []Type{Int32}, nil, locals, body...)
		all[name] = m
	}
	less := Get(0) + I32(1) + I32Sub
	f("spin", nil, Loop(Br(0)))
	f("nested spins", nil, Loop(Loop(Loop(Get(0), BrIf(1)), Br(0))))
	f("call tree", nil, Get(0), If(less, Call(0), less, Call(0)))
	f("recursion", nil, Get(0), Call(0))
	f("recursion with a large frame", several(300, Int64), manyLive(300))
	f("fill", nil, Loop(I32(0), I32(1), I32(256<<16), MemoryFill, Br(0)))
	f("small fills", nil, Loop(rep(I32(0)+I32(1)+I32(15)+MemoryFill, 500), Br(0)))
	f("copy", nil, Loop(I32(0), I32(1), I32(255<<16), MemoryCopy, Br(0)))
	f("table fill", nil, Loop(I32(0), "\xd0\x70", I32(1000), "\xfc\x11\x00", Br(0)))
	f("divisions", nil, Loop(Get(0), rep(I32(3)+I32DivU, 8_000), Set(0), Br(0)))
	f("loads", nil, Loop(Get(0), rep(Load32+At(0), 15_000), Set(0), Br(0)))
	f("skipped debits", nil, Loop(rep(Block(Get(0), rep(Load32+At(0), 100), Set(0), Get(0), I32Eqz, BrIf(0),
		rep(Nop, 500)), 100), Br(0)))
	f("br_table", nil, Loop(Get(0), BrTable(0, 0, 0, 0)))
	f("grow", nil, Loop(I32(0), MemoryGrow, Drop, Br(0)))
	// The runtime's compiler has no code for these, it asks the runtime each time.
	f("references", nil, Loop(rep(RefFunc(0)+Drop, 500), Br(0)))
	f("table grow", nil, Loop(rep("\xd0\x70"+I32(0)+"\xfc\x0f\x00"+Drop, 500), Br(0)))
	all["references"].RawElements("\x03\x00\x01\x00") // declares function 0
	// 2^18 cells in 16 MiB, each with the address of a far one: each load waits for the one before.
	f("chase", []Type{Int32, Int32},
		Loop(Get(1), I32(64), I32Mul,
			Get(1), I32(1664525), I32Mul, I32(1013904223), I32Add, I32(1<<18-1), I32And, Tee(1), I32(64), I32Mul, Store32+At(0),
			Get(2), I32(1), I32Add, Tee(2), I32(1<<18), I32LtU, BrIf(0)),
		Loop(Get(1), rep(Load32+At(0), 5_000), Set(1), Br(0)))
	return all
}

// manyLive calls function 0 between writing and reading some locals, which lie in the stack
// frame then.
func manyLive(locals uint32) Code {
	var before, after Code
	for i := range locals {
		before += Get(0) + I64ExtendU + Set(i+1)
		after += Get(i+1) + I32Wrap64 + Get(0) + I32Add + Set(0)
	}
	return before + Get(0) + Call(0) + after
}

func TestWhateverRunsForeverRunsOutOfFuelSoon(t *testing.T) {
	const budget = 2_000_000
	for name, m := range endless() {
		g := meteredGuest(t, m.Build())
		start := time.Now()
		_, took, err := g.run(budget, "f", 60)
		wall := time.Since(start)
		if err == nil || !g.spent() {
			t.Errorf("%s took %d fuel and ended with %v", name, took, err)
		}
		if took > 2*budget {
			t.Errorf("%s took %d fuel, more than twice its budget", name, took)
		}
		if wall > 5*time.Second {
			t.Errorf("%s ran %v", name, wall)
		}
		t.Logf("%-30s %v", name, wall)
	}
}

func TestRecursionEndsBeforeItTakesMuchStack(t *testing.T) {
	m := &Module{}
	depth := m.Global(Int64, true, I64(0))
	m.Export("depth", KindGlobal, depth)
	m.Func("f", nil, nil, nil, GetGlobal(depth)+I64(1)+I64Add+SetGlobal(depth)+Call(0))
	g := meteredGuest(t, m.Build())
	if _, _, err := g.run(2_000_000, "f"); err == nil || !g.spent() {
		t.Fatalf("it ended with %v", err)
	}
	if depth := g.ExportedGlobal("depth").Get(); depth < 100_000 || depth > 2_000_000/16 {
		t.Errorf("%d calls deep", depth)
	}
}

func TestAStartFunctionHasFuelOfItsOwn(t *testing.T) {
	for rounds, ok := range map[int32]bool{1000: true, module.StartFuel + 1: false} {
		m := Guest()
		m.Start(m.Func("", nil, nil, []Type{Int32}, I32(rounds), Set(0), counted()))
		if _, err := instance(t, metered(t, m.Build()), nil); (err == nil) != ok {
			t.Errorf("%d rounds: %v", rounds, err)
		}
	}
}

func TestMeteringTwiceIsRefusedAndTheSameEachTime(t *testing.T) {
	m := read(t, endless()["fill"].Build())
	first, err := m.Meter()
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := m.Meter(); !bytes.Equal(first, second) {
		t.Error("the second time it is another module")
	}
	refused(t, wrong{"a metered module", "dbmesh's own", first})
}

func TestAModuleThatWouldGrowManyTimesIsRefused(t *testing.T) {
	m := Guest()
	for range 200 {
		m.Func("", nil, nil, nil, rep(Loop(), 900))
	}
	caps := module.DefaultCaps()
	caps.Effort = 1 << 40
	r, err := module.Read(m.Build(), caps)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Meter(); err == nil || !strings.Contains(err.Error(), "it would grow from") {
		t.Errorf("the error is %v", err)
	}
}

func read(t testing.TB, b []byte) *module.Module {
	t.Helper()
	m, err := module.Read(b, module.DefaultCaps())
	if err != nil {
		t.Fatal(err)
	}
	return m
}
