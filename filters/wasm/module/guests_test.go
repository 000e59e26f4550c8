package module_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// toolchain is a compiler and how it makes testdata into a guest, OUT.
type toolchain struct {
	name  string
	needs []string
	args  []string
}

func toolchains() []toolchain {
	return []toolchain{
		{"go", []string{"go"}, []string{"go", "build", "-buildmode=c-shared", "-o", "OUT", "testdata/go/main.go"}},
		{"c", []string{"clang-19", "wasm-ld-19"}, []string{"clang-19", "--target=wasm32", "-O2", "-nostdlib", "-fno-builtin",
			"-mbulk-memory", "-Wl,--no-entry,--stack-first,-z,stack-size=16384", "-o", "OUT", "testdata/guest.c"}},
		{"rust", []string{"/usr/bin/rustc", "wasm-ld-14"}, []string{"/usr/bin/rustc", "--target", "wasm32-unknown-unknown",
			"-C", "opt-level=3", "-C", "panic=abort", "-C", "strip=symbols", "-C", "linker=wasm-ld-14", "-C", "linker-flavor=wasm-ld",
			"--crate-type", "cdylib", "-o", "OUT", "testdata/guest.rs"}},
	}
}

// build makes a guest. It skips the test without the toolchain, or fails it where
// DBMESH_REQUIRE_SERVERS is 1.
func build(t testing.TB, c toolchain) []byte {
	t.Helper()
	for _, program := range c.needs {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("DBMESH_REQUIRE_SERVERS") == "1" {
				t.Fatal(err)
			}
			t.Skipf("the fuel of guests in %s is not tested: %v; scripts/install-toolchains.sh installs what is missing", c.name, err)
		}
	}
	out := filepath.Join(t.TempDir(), "guest.wasm")
	args := append([]string{}, c.args...)
	for i := range args {
		if args[i] == "OUT" {
			args[i] = out
		}
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	if c.name == "go" {
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off")
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// started gives an initialised guest.
func started(t testing.TB, b []byte) *guest {
	t.Helper()
	g, err := instance(t, b, func(r wazero.Runtime) { wasi_snapshot_preview1.MustInstantiate(context.Background(), r) })
	if err != nil {
		t.Fatal(err)
	}
	if g.ExportedFunction("_initialize") != nil {
		if _, took, err := g.run(1<<40, "_initialize"); err != nil {
			t.Fatal(err)
		} else if g.fuel != nil {
			t.Logf("_initialize takes %d fuel", took)
		}
	}
	return g
}

func TestRealGuestsDoTheSameWithAndWithoutTheirFuelCounted(t *testing.T) {
	for _, c := range toolchains() {
		t.Run(c.name, func(t *testing.T) {
			b := build(t, c)
			m := read(t, b)
			begin := time.Now()
			out := metered(t, b)
			t.Logf("%d bytes to %d in %v: %d functions, %d loops, %d debits, %d data segments",
				len(b), len(out), time.Since(begin), m.Functions, m.Loops, m.Charges, len(m.Segments))
			with, without := started(t, out), started(t, b)
			compare := func(n uint64) {
				got, took, gotErr := with.run(1<<40, "check", n)
				want, _, wantErr := without.run(0, "check", n)
				if trap(gotErr) != trap(wantErr) || (wantErr != nil) != (n == 9) || wantErr == nil && got[0] != want[0] {
					t.Errorf("check(%d) gives %v and %v, without counting %v and %v", n, got, gotErr, want, wantErr)
				}
				if took <= 0 {
					t.Errorf("check(%d) took %d fuel", n, took)
				}
				if c.name != "go" && with.memory() != without.memory() {
					t.Errorf("check(%d) leaves another memory", n)
				}
			}
			for n := range uint64(60) {
				if n != 9 {
					compare(n)
				}
			}
			_, first, _ := with.run(1<<40, "scan", 1024)
			if _, second, _ := with.run(1<<40, "scan", 1024); first != second || first < 500 {
				t.Errorf("scan takes %d, then %d fuel", first, second)
			}
			without.run(0, "scan", 1024)
			without.run(0, "scan", 1024)
			compare(9) // traps: what comes behind it needs no right instance
			if _, _, err := with.run(1000, "scan", 1<<30); err == nil || !with.spent() {
				t.Errorf("a long scan ended with %v", err)
			}
		})
	}
}

func BenchmarkScan1KB(b *testing.B) {
	for _, c := range toolchains() {
		plain := build(b, c)
		for name, bytes := range map[string][]byte{"plain": plain, "metered": metered(b, plain)} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				g := started(b, bytes)
				scan, stack := g.ExportedFunction("scan"), []uint64{0}
				for b.Loop() {
					if g.fuel != nil {
						g.fuel.Set(1 << 40)
					}
					stack[0] = 1024
					if err := scan.CallWithStack(b.Context(), stack); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkPass(b *testing.B) {
	wasm := build(b, toolchains()[0])
	b.SetBytes(int64(len(wasm)))
	for b.Loop() {
		m, err := module.Read(wasm, module.DefaultCaps())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Meter(); err != nil {
			b.Fatal(err)
		}
	}
}
