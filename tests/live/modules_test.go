package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

const stampOf = "SELECT 'which generation'"

// generation is a guest that takes 4 MiB and denies one statement, with its number.
func generation(n int) []byte {
	m := wasmtest.Guest()
	m.Func(abi.ExportInitialize, nil, nil, nil,
		wasmtest.I32(62), wasmtest.MemoryGrow, wasmtest.Drop,
		wasmtest.I32(1<<17), wasmtest.I32(1), wasmtest.I32(62<<16), wasmtest.MemoryFill)
	m.Hook(abi.HookQuery, nil,
		wasmtest.I32(wasmtest.GuestBlock), wasmtest.Load32+wasmtest.At(abi.AtSQLLength), wasmtest.I32(int32(len(stampOf))), wasmtest.I32Eq,
		wasmtest.IfOf(wasmtest.Int64, m.Deny(wasmtest.GuestFree, 1105, "HY000", fmt.Sprintf("generation %d.", n)), wasmtest.I64(0)))
	return m.Build()
}

// TestSwapsOfAModuleUnderLoadFailNoStatement replaces the file of a filter again and again
// under sessions at work.
func TestSwapsOfAModuleUnderLoadFailNoStatement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rule.wasm")
	put := func(n int) {
		if err := os.WriteFile(path+".new", generation(n), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	put(0)
	store, err := wasm.NewStore(wasm.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text := encrypting(shared.MariaDB(t).Backend, fmt.Sprintf("{kind: wasm, name: rule, file: %q}", path)).text()
	m := startMesh(t, parts{loops: 2, kinds: core.Registry{"wasm": wasm.Kind(store)}}, text)
	store.Commit()
	db := app(t, m.addr())
	load := startLoad(t, m.addr())
	load.settle(t)
	logins := m.report.ok.Load()
	swaps := atScale(60, 1000, 1000)
	var start figures
	var resident int
	for n := 1; n <= swaps; n++ {
		put(n)
		store.Begin(true)
		if err := m.apply(text); err != nil {
			t.Fatal(err)
		}
		store.Commit()
		var denied *mysql.MySQLError
		if err := try(db, stampOf); !errors.As(err, &denied) || !strings.Contains(denied.Message, fmt.Sprintf("generation %d.", n)) {
			t.Fatalf("after swap %d the statement meets %v", n, err)
		}
		load.progress(t, 8)
		if n == 10 {
			start, resident = calm(t, figures{goroutines: 1 << 20}), residentKiB(t)
		}
	}
	end := calm(t, start)
	load.stop(t)
	if n := m.report.ok.Load(); n > logins+1 {
		t.Errorf("%d new logins: sessions were closed and came again", n-logins)
	}
	end.grewFrom(t, start)
	// A generation that stays would be 4 MiB in each instance.
	if grown := residentKiB(t) - resident; grown > 16<<10 {
		t.Errorf("from the tenth swap to the last %d KiB more are resident", grown)
	}
	t.Logf("%d swaps, %v, resident %d->%d KiB", swaps, end.since(start), resident, residentKiB(t))
}

// residentKiB is this process's.
func residentKiB(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("this system does not tell what is resident")
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	var kib int
	if _, err := fmt.Sscan(after, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}

// TestGuestsCostMemoryPerInstanceAndNotPerSession has many sessions ask a filter that is
// written in Go, whose instances hold megabytes.
func TestGuestsCostMemoryPerInstanceAndNotPerSession(t *testing.T) {
	root, err := sidecar.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rate-limit.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", path, "./rate-limit")
	build.Dir = filepath.Join(root, "examples", "filters")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the filter: %v\n%s", err, out)
	}
	const instances = 4
	store, err := wasm.NewStore(wasm.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("{file: %q, instances: %d, grant: [sql, log, rate], config: {statements: 1, per: 24h}}", path, instances)
	builder := &core.Builder{Registry: core.Registry{"wasm": wasm.Kind(store)}}
	ch, err := builder.Build("main", []core.Spec{{Name: "rule", Kind: "wasm", Decode: coretest.Decode(config)}})
	if err != nil {
		t.Fatal(err)
	}
	store.Commit()
	defer ch.Discard()
	const sessions, workers = 10_000, 64
	facts := stmt.NewClassifier(1 << 20)
	var wait sync.WaitGroup
	var denied atomic.Int64
	for w := range workers {
		wait.Go(func() {
			var mine []*core.Session // all of them live until the end
			for id := w; id < sessions; id += workers {
				s := coretest.Session()
				s.ID, s.Classifier = uint32(id), classified{facts}
				mine = append(mine, s)
			}
			for range 3 {
				for _, s := range mine {
					c := coretest.Query(s, "DELETE FROM orders LIMIT "+fmt.Sprint(s.ID))
					if ch.Command(context.Background(), c).Denied() {
						denied.Add(1)
					}
					ch.Done(c, &core.Outcome{})
				}
			}
		})
	}
	wait.Wait()
	if n := denied.Load(); n != 3*sessions-1 { // one a day passes
		t.Errorf("%d of %d statements were denied", n, 3*sessions)
	}
	f := store.Filters()[0]
	t.Logf("%d sessions: %d instances hold %v", sessions, f.Instances, f.InstanceMemory)
	if most := core.Size(instances * 5 << 20); f.Instances > instances || f.InstanceMemory > most {
		t.Errorf("%d instances hold %v, want at most %d and %v", f.Instances, f.InstanceMemory, instances, most)
	}
}

// classified finds facts as a proxy does.
type classified struct{ facts *stmt.Classifier }

func (k classified) Classify(c *core.Command) *core.Facts {
	return k.facts.Classify(stmt.Mode{}, c.SQL, c.Truncated())
}

func (k classified) Ranges(*core.Command) (core.Ranges, bool) { return core.Ranges{}, false }
func (k classified) Texts(*core.Command) ([]core.Range, bool) { return nil, false }
