package guest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func TestLoadRefusesWithASentence(t *testing.T) {
	const i, l = w.Int32, w.Int64
	importing := func(from, name string, params, results []w.Type) *w.Module {
		m := &w.Module{}
		m.Import(from, name, params, results)
		m.GuestExports()
		m.Hook(abi.HookQuery, nil, w.I64(0))
		return m
	}
	exporting := func(name string, params, results []w.Type, body ...w.Code) *w.Module {
		m := w.Guest()
		if name != "on_query" {
			m.Hook(abi.HookQuery, nil, w.I64(0))
		}
		m.Func(name, params, results, nil, body...)
		return m
	}
	block := func(at int32, capacity string) *w.Module {
		m := &w.Module{}
		m.Memory(1, -1)
		m.Export("memory", w.KindMemory, 0)
		m.Func(abi.ExportVersion, nil, []w.Type{i}, nil, w.I32(0))
		m.Func(abi.ExportBlock, nil, []w.Type{i}, nil, w.I32(at))
		if capacity != "" {
			m.Data(at+abi.AtTextCapacity, capacity)
		}
		m.Hook(abi.HookQuery, nil, w.I64(0))
		return m
	}
	version := &w.Module{}
	version.Memory(1, -1)
	version.Export("memory", w.KindMemory, 0)
	version.Func(abi.ExportVersion, nil, []w.Type{i}, nil, w.I32(7))
	version.Func(abi.ExportBlock, nil, []w.Type{i}, nil, w.I32(0))
	version.Hook(abi.HookQuery, nil, w.I64(0))
	start := hook(nil, w.I64(0))
	start.Start(start.Func("", nil, nil, nil, w.Loop(w.Br(0))))
	large := &w.Module{}
	large.Memory(200, -1)
	large.Export("memory", w.KindMemory, 0)
	large.Func(abi.ExportVersion, nil, []w.Type{i}, nil, w.I32(0))
	large.Func(abi.ExportBlock, nil, []w.Type{i}, nil, w.I32(0))
	large.Hook(abi.HookQuery, nil, w.I64(0))
	many := &w.Module{}
	many.ImportHost("state_set")
	many.ImportHost("kv_delete")
	many.Memory(1, -1)
	many.Export("memory", w.KindMemory, 0)

	for _, c := range []struct {
		name string
		m    *w.Module
		want string
	}{
		{"unknown function", importing(abi.Module, "teleport", nil, nil), "it imports dbmesh_v1.teleport, which this dbmesh does not have: it has minor revision 0"},
		{"other major", importing("dbmesh_v2", "sql", nil, nil), "it imports from dbmesh_v2, and this dbmesh has dbmesh_v1"},
		{"files", importing(wasiModule, "path_open", nil, nil), "wasi_snapshot_preview1.path_open, and guests have no files"},
		{"other module", importing("env", "puts", nil, nil), "it imports env.puts, and guests may import from"},
		{"wrong signature", importing(abi.Module, "sql", []w.Type{i}, []w.Type{l}), "it imports dbmesh_v1.sql as (i32) -> (i64), but that is (i32, i32, i32) -> (i32)"},
		{"not granted", importing(abi.Module, "kv_delete", []w.Type{i, i}, []w.Type{i}), "needs the capability kv: grant it"},
		{"several not granted", many, "it imports dbmesh_v1.kv_delete, dbmesh_v1.state_set, which need the capabilities kv, state: grant them in the config"},
		{"hook of another type", exporting("on_query", nil, []w.Type{l}, w.I64(0)), "it exports on_query as () -> (i64), but that must be (i32) -> (i64)"},
		{"misspelt hook", exporting("on_qurey", []w.Type{i}, []w.Type{l}, w.I64(0)), "it exports on_qurey, which is no hook"},
		{"reserved export", exporting("dbmesh_reserved_x", nil, nil), "dbmesh's own"},
		{"no hook", w.Guest(), "it exports no hook: they are on_session, "},
		{"no guest", &w.Module{}, "it exports no memory"},
		{"no hooks wanted", exporting(abi.ExportHooks, nil, []w.Type{l}, w.I64(0)), "dbmesh_hooks says that it uses none"},
		{"params not granted", exporting(abi.ExportHooks, nil, []w.Type{l}, w.I64(4|abi.WantParams)), "it wants parameters, which needs the capability params"},
		{"columns not granted", exporting("on_columns", []w.Type{i}, []w.Type{l}, w.I64(0)), "it wants on_columns, which needs the capability rows"},
		{"newer revision", version, "it needs dbmesh_v1 with minor revision 7 or later, this dbmesh has 0"},
		{"block outside", block(pageSize-100, ""), "dbmesh_block gave 65436: a header of 256 bytes does not fit"},
		{"negative block", block(-1, ""), "does not fit"},
		{"text area outside", block(pageSize-1000, "\x00\x04\x00\x00"), "its text area of 1024 bytes goes beyond its memory of 65536"},
		{"huge text area", block(0, "\x01\x00\x01\x00"), "its text area is 65537 bytes large, at most 65536"},
		{"too much memory", large, "it needs 12800KiB of memory from its start, its limit is 1MiB"},
		{"start without end", start, "it can't be instantiated"},
		{"initialize without end", exporting(abi.ExportInitialize, nil, nil, w.Loop(w.Br(0))), "out of fuel in _initialize: its limit is 1000000"},
		{"configure traps", exporting(abi.ExportConfigure, nil, []w.Type{l}, w.Unreachable), "trap in dbmesh_configure: unreachable"},
		{"configure says nonsense", exporting(abi.ExportConfigure, nil, []w.Type{l}, w.I64(5)), "dbmesh_configure gave 0x5, which is neither 0 nor a message"},
		{"invalid code", exporting("", nil, []w.Type{i}, w.I64(5)), "it is not valid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(t, c.m.Build())
			o.Grants, o.Limits.InitFuel, o.Limits.Memory = BareGrants(), 1_000_000, 1<<20
			p, err := Load(context.Background(), o)
			if err == nil {
				_ = p.Close()
				t.Fatal("it was loaded")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %q, want %q", err, c.want)
			}
			if o.Budget.Used() != 0 {
				t.Fatalf("%v of the budget is used", o.Budget.Used())
			}
		})
	}
}

func TestTheBudgetBoundsAllGuestsTogether(t *testing.T) {
	o := options(t, hook(nil, w.I32(16), w.MemoryGrow, w.Drop, w.I64(0)).Build())
	o.Budget = NewBudget(20 * pageSize)
	p := load(t, o)
	ask(t, p, abi.HookQuery, question()) // grows to 18 pages
	if used := o.Budget.Used(); used != 18*pageSize {
		t.Fatalf("used %v", used)
	}
	ask(t, p, abi.HookQuery, question()) // grows no more, and goes on
	if used := o.Budget.Used(); used != 18*pageSize {
		t.Fatalf("used %v", used)
	}
	q := load(t, o)
	if used := o.Budget.Used(); used != 20*pageSize {
		t.Fatalf("used %v", used)
	}
	if _, err := Load(context.Background(), o); err == nil || !strings.Contains(err.Error(), "it needs 128KiB of memory: the limit of all filters together is 1280KiB") {
		t.Fatalf("got %v", err)
	}
	finish(t, p)
	ask(t, q, abi.HookQuery, question())
	if used := o.Budget.Used(); used != 18*pageSize {
		t.Fatalf("used %v", used)
	}
}

func TestMachineCodeIsKeptAndFoundAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	o := options(t, hook(nil, w.I64(0)).Build())
	var err error
	if o.Compiler, err = NewCompiler(dir); err != nil {
		t.Fatal(err)
	}
	if p := load(t, o); p.Cached() {
		t.Fatal("it was there before")
	}
	if p := load(t, o); !p.Cached() {
		t.Fatal("it was not kept")
	}
	if hit, err := o.Compiler.Compile(context.Background(), o.Module, module.Caps{}); !hit || err != nil {
		t.Fatal(hit, err)
	}
	other := hook(nil, w.I64(0), w.Nop).Build()
	if hit, err := o.Compiler.Compile(context.Background(), other, module.Caps{}); hit || err != nil {
		t.Fatal(hit, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, unfinished+"*")); len(left) > 0 {
		t.Fatalf("%v are left", left)
	}
	// Its capabilities are checked anew.
	kv := w.Guest("kv_delete")
	kv.Hook(abi.HookQuery, nil, w.I64(0))
	o.Module = kv.Build()
	load(t, o)
	o.Grants = nil
	if _, err := Load(context.Background(), o); err == nil || !strings.Contains(err.Error(), "capability kv") {
		t.Fatalf("got %v", err)
	}
}

func TestABrokenCacheEntryIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	_ = os.Chmod(dir, 0o700)
	o := options(t, hook(nil, w.I64(0)).Build())
	var err error
	if o.Compiler, err = NewCompiler(dir); err != nil {
		t.Fatal(err)
	}
	load(t, o)
	entry := filepath.Join(dir, cacheKey(o.Module, module.DefaultCaps()))
	code, _ := filepath.Glob(filepath.Join(entry, "wazero-*", "*"))
	if len(code) != 1 {
		t.Fatalf("machine code is in %v", code)
	}
	for _, file := range []string{code[0], filepath.Join(entry, entryModule), filepath.Join(entry, entrySums)} {
		for name, change := range map[string]func([]byte) []byte{
			"flipped": func(b []byte) []byte { b[len(b)/2] ^= 0x40; return b },
			"cut":     func(b []byte) []byte { return b[:len(b)/2] },
			"empty":   func([]byte) []byte { return nil },
			"longer":  func(b []byte) []byte { return append(b, 0) },
		} {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, change(b), 0o600); err != nil {
				t.Fatal(err)
			}
			p := load(t, o)
			if p.Cached() {
				t.Errorf("%s %s was used", filepath.Base(file), name)
			}
			ask(t, p, abi.HookQuery, question())
			if !load(t, o).Cached() {
				t.Errorf("after %s %s it was not kept again", filepath.Base(file), name)
			}
		}
	}
	if err := os.Remove(code[0]); err != nil {
		t.Fatal(err)
	}
	if load(t, o).Cached() {
		t.Error("an entry without machine code was used")
	}
}

func TestACacheOfOthersIsRefused(t *testing.T) {
	dir := t.TempDir()
	for _, mode := range []os.FileMode{0o770, 0o707} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := NewCompiler(dir); err == nil || !strings.Contains(err.Error(), "others can write there") {
			t.Errorf("mode %#o: got %v", mode, err)
		}
	}
}

func TestACacheKeepsTheEntriesUsedLast(t *testing.T) {
	dir := t.TempDir()
	for i := range keptEntries + 3 {
		name := filepath.Join(dir, fmt.Sprintf("%064x", i))
		_ = os.Mkdir(name, 0o700)
		at := time.Now().Add(time.Duration(i-1000) * time.Minute)
		_ = os.Chtimes(name, at, at)
	}
	_ = os.Mkdir(filepath.Join(dir, unfinished+"1"), 0o700)
	for _, theirs := range []string{"photos", "new-letters", "zz"} { // of somebody who says that this is our directory
		_ = os.Mkdir(filepath.Join(dir, theirs), 0o700)
		at := time.Now().Add(-1e6 * time.Second)
		_ = os.Chtimes(filepath.Join(dir, theirs), at, at)
	}
	prune(dir)
	all, _ := os.ReadDir(dir)
	if len(all) != keptEntries+4 || !strings.HasSuffix(all[0].Name(), "03") {
		t.Fatalf("%d are left, the first is %s", len(all), all[0].Name())
	}
}

func TestACacheThatOthersCanReplaceIsRefused(t *testing.T) {
	open := filepath.Join(t.TempDir(), "open")
	dir := filepath.Join(open, "deep", "cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for mode, fine := range map[os.FileMode]bool{0o777: false, 0o777 | os.ModeSticky: true, 0o775: true} {
		if err := os.Chmod(open, mode); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{dir, link} {
			if _, err := NewCompiler(path); (err == nil) != fine || err != nil && !strings.Contains(err.Error(), "everybody can write in "+open) {
				t.Errorf("mode %v: got %v", mode, err)
			}
		}
	}
}

func TestOneModuleIsCompiledAtATime(t *testing.T) {
	o := options(t, hook(nil, w.I64(0)).Build())
	o.Compiler.turn <- struct{}{}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := Load(ctx, o); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "waiting for the compiler") {
		t.Fatalf("got %v", err)
	}
	<-o.Compiler.turn
	load(t, o)
}

func TestManyCallersShareFewInstances(t *testing.T) {
	// It denies with the session's number, so that a mixed-up answer shows.
	m := w.Guest("kv_incr")
	m.Data(free, "\x51\x04HY000--------")
	m.Data(free+100, "n")
	m.Hook(abi.HookQuery, nil, w.I32(free+7), w.I32(w.GuestBlock), w.Load64+w.At(abi.AtSession), w.Store64+w.At(0),
		w.I32(free+100), w.I32(1), w.I64(1), w.I64(0), m.Host("kv_incr"), w.Drop, w.Verdict(abi.OpDeny, free, 15))
	m.Hook(abi.HookDone, nil, w.Unreachable)
	p := load(t, options(t, m.Build()))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			c := question()
			for i := range 300 {
				c.Session.ID = uint32(g<<16 | i)
				if err := p.Call(context.Background(), abi.HookQuery, 0, c); err != nil {
					t.Error(err)
					return
				}
				id := uint32(c.Verdict.Message[0]) | uint32(c.Verdict.Message[1])<<8 | uint32(c.Verdict.Message[2])<<16
				if id != c.Session.ID || c.Verdict.Code != 1105 {
					t.Errorf("asked as %d, answered as %d", c.Session.ID, id)
					return
				}
				if i%50 == 7 {
					if err := p.Call(context.Background(), abi.HookDone, 0, c); err == nil {
						t.Error("it did not break")
					}
				}
			}
		})
	}
	wg.Wait()
	if s := p.Stats(); s.Instances > 2 || s.Faults[Trap] != 8*6 {
		t.Fatalf("got %+v", s)
	}
	if n, _ := p.store.Read([]byte("n"), make([]byte, 9), 0); n != 4 {
		t.Fatalf("the counter has %d digits", n)
	}
}

func TestAProgramThatCanMakeNoInstanceSaysWhy(t *testing.T) {
	m := w.Guest("kv_incr")
	m.Data(free, "n")
	// It starts only once.
	m.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil,
		w.I32(free), w.I32(1), w.I64(1), w.I64(0), m.Host("kv_incr"), w.I64(1), w.I64Eq, w.IfOf(w.Int64, w.I64(0), w.Unreachable))
	m.Hook(abi.HookQuery, nil, w.Unreachable)
	p := load(t, options(t, m.Build()))
	_ = p.Call(context.Background(), abi.HookQuery, 0, question())
	deadline := time.Now().Add(10 * time.Second)
	for p.Stats().Refused == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	var f *Fault
	err := p.Call(context.Background(), abi.HookQuery, 0, question())
	if !errors.As(err, &f) || f.Kind != Busy || !strings.Contains(f.Text, "on_query can't run: no instance can be made: trap in dbmesh_configure: unreachable") {
		t.Fatalf("got %v", err)
	}
	if s := p.Stats(); s.Instances != 0 {
		t.Fatalf("got %+v", s)
	}
	p.store.Delete([]byte("n"))
	for f.Kind != Trap { // it tries again after a while
		if err := p.Call(context.Background(), abi.HookQuery, 0, question()); !errors.As(err, &f) || time.Now().After(deadline) {
			t.Fatalf("it did not try again: %v", err)
		}
	}
}
