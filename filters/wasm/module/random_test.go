package module_test

import (
	"math/rand/v2"
	"testing"

	. "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// author writes random code that is valid: two parameters, i32 and i64, and locals 2 and 3
// of the same types.
type author struct {
	*rand.Rand
	functions int   // in the module, all of them (i32, i64) -> i64
	self      int   // the one that is written
	labels    []int // of the blocks around: 0 a block's or if's, 1 a loop's
}

// random writes a module of some functions f0, f1... that compute, store, branch, loop and
// call each other, some of them for ever.
func random(r *rand.Rand, functions int) []byte {
	m := &Module{}
	m.Memory(1, 2)
	m.Export("memory", KindMemory, 0)
	m.Table(uint32(functions), int64(functions))
	m.Export("g", KindGlobal, m.Global(Int64, true, I64(r.Int64())))
	params, results := []Type{Int32, Int64}, []Type{Int64}
	all := make([]uint32, functions)
	for i := range functions {
		a := &author{Rand: r, functions: functions, self: i}
		body := Code("")
		for range 1 + r.IntN(6) {
			body += a.statement(4)
		}
		all[i] = m.Func("f"+string(rune('0'+i)), params, results, params, body+a.long(3))
	}
	m.Elements(0, all...)
	for range r.IntN(6) {
		data := make([]byte, r.IntN(40))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		m.Data(int32(r.IntN(1000)), string(data))
	}
	return m.Build()
}

// inside writes statements in a block whose label is of a kind.
func (a *author) inside(kind, deep int) Code {
	a.labels = append(a.labels, kind)
	code := Code("")
	for range a.IntN(4) {
		code += a.statement(deep - 1)
	}
	a.labels = a.labels[:len(a.labels)-1]
	return code
}

// statement leaves the stack as it was.
func (a *author) statement(deep int) Code {
	kinds := 16
	if deep <= 0 {
		kinds = 9
	}
	switch a.IntN(kinds) {
	case 0, 1:
		return a.short(deep) + Set(2*uint32(a.IntN(2)))
	case 2, 3:
		return a.long(deep) + Set(1+2*uint32(a.IntN(2)))
	case 4:
		return a.address(deep) + a.long(deep) + Store64 + At(uint32(a.IntN(100)))
	case 5:
		return a.long(deep) + SetGlobal(0)
	case 6:
		return rep(Get(0)+I32(3)+I32Mul+Set(0), a.IntN(200))
	case 7:
		return a.address(deep) + a.short(deep) + I32(int32(a.IntN(2000))) + MemoryFill
	case 8:
		return a.address(deep) + a.address(deep) + I32(int32(a.IntN(2000))) + MemoryCopy
	case 9:
		return Block(a.inside(0, deep))
	case 10, 11: // rounds that end, but for what is inside
		return I32(int32(a.IntN(20))) + Set(2) + Loop(a.inside(1, deep), Get(2), I32(1), I32Sub, Tee(2), I32(0), "\x4a", BrIf(0))
	case 12:
		return a.short(deep) + IfElse(a.inside(0, deep), a.inside(0, deep))
	case 13:
		return a.short(deep) + If(a.inside(0, deep))
	case 14:
		if len(a.labels) == 0 {
			return a.short(deep) + If(a.long(deep), Return)
		}
		return a.short(deep) + BrIf(uint32(a.IntN(len(a.labels))))
	}
	if len(a.labels) == 0 {
		return Nop
	}
	label := func() uint32 { return uint32(a.IntN(len(a.labels))) }
	return Block(rep(Nop, a.IntN(3)), a.short(deep), BrTable(0, label(), label(), 0)) + a.statement(deep-1)
}

// short leaves an i32.
func (a *author) short(deep int) Code {
	if deep <= 0 {
		return []Code{Get(0), Get(2), I32(int32(a.Uint32())), I32(int32(a.IntN(5)))}[a.IntN(4)]
	}
	two := func() Code { return a.short(deep-1) + a.short(deep-1) }
	switch a.IntN(6) {
	case 0:
		return two() + []Code{I32Add, I32Sub, I32Mul, I32Xor, I32LtU, I32ShrU}[a.IntN(6)]
	case 1:
		odd := I32(1) + I32Or
		if a.IntN(20) == 0 {
			odd = ""
		}
		return two() + odd + []Code{I32DivU, I32DivS, I32RemU}[a.IntN(3)]
	case 2:
		return a.long(deep-1) + I32Wrap64
	case 3:
		return a.address(deep) + Load8U + At(0)
	case 4:
		return a.short(deep-1) + IfOf(Int32, a.short(deep-1), a.short(deep-1))
	}
	return a.short(0)
}

// long leaves an i64.
func (a *author) long(deep int) Code {
	if deep <= 0 {
		return []Code{Get(1), Get(3), I64(a.Int64()), GetGlobal(0)}[a.IntN(4)]
	}
	switch a.IntN(7) {
	case 0, 1:
		return a.long(deep-1) + a.long(deep-1) + []Code{I64Add, I64Sub, I64Mul, I64Xor, I64ShrU, I64And}[a.IntN(6)]
	case 2:
		return a.short(deep-1) + I64ExtendS
	case 3:
		return a.address(deep) + Load64 + At(uint32(a.IntN(100)))
	case 4:
		if f, ok := a.callee(); ok {
			return a.short(deep-1) + a.long(deep-1) + Call(uint32(f))
		}
	case 5:
		if f, ok := a.callee(); ok {
			return a.short(deep-1) + a.long(deep-1) + I32(int32(f)) + CallIndirect(0, 0)
		}
	}
	return a.long(deep-1) + a.long(deep-1) + a.short(deep-1) + Select
}

// callee is one of the later functions, so that calls come to an end; not always.
func (a *author) callee() (int, bool) {
	if a.IntN(60) == 0 {
		return a.IntN(a.functions), true
	}
	if later := a.functions - a.self - 1; later > 0 {
		return a.self + 1 + a.IntN(later), true
	}
	return 0, false
}

// address is one within the memory, most of the time.
func (a *author) address(deep int) Code {
	if a.IntN(30) == 0 {
		return a.short(deep - 1)
	}
	return a.short(deep-1) + I32(0x7fff) + I32And
}

func TestRandomModulesDoTheSameWithAndWithoutTheirFuelCounted(t *testing.T) {
	modules := uint64(200)
	if testing.Short() {
		modules = 60
	}
	ended, trapped, endless := 0, 0, 0
	for seed := range modules {
		b := random(rand.New(rand.NewPCG(seed, 7)), 3)
		with := meteredGuest(t, b)
		without, err := instance(t, b, nil)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, args := range [][]uint64{{0, 0}, {7, 1 << 40}, {1<<32 - 1, 1<<64 - 1}} {
			got, took, gotErr := with.run(300_000, "f0", args...)
			if with.spent() {
				endless++
				break // the two can't be compared any more
			}
			want, _, wantErr := without.run(0, "f0", args...)
			if wantErr != nil {
				trapped++
			} else {
				ended++
			}
			if trap(gotErr) != trap(wantErr) || len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
				t.Errorf("seed %d, %v: %v and %v, without counting %v and %v", seed, args, got, gotErr, want, wantErr)
			}
			if with.memory() != without.memory() || with.ExportedGlobal("g").Get() != without.ExportedGlobal("g").Get() {
				t.Errorf("seed %d, %v: memory or global differ", seed, args)
			}
			if took < 0 {
				t.Errorf("seed %d, %v took %d fuel", seed, args, took)
			}
		}
		with.Close(t.Context())
		without.Close(t.Context())
	}
	t.Logf("%d calls ended, %d trapped, %d ran out of fuel", ended, trapped, endless)
	if ended < 100 || trapped < 10 || endless < 3 {
		t.Error("the modules are not random enough to show anything")
	}
}
