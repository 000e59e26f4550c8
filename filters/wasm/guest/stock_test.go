package guest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
)

// stock builds the guest of stock Go in testdata.
func stock(t testing.TB) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "stock.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", out, "main.go")
	build.Dir = "testdata/stock"
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	source, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestStockGo(t *testing.T) {
	o := options(t, stock(t))
	var err error
	if o.Compiler, err = NewCompiler(filepath.Join(t.TempDir(), "cache")); err != nil {
		t.Fatal(err)
	}
	log := &record{}
	o.Log, o.Limits.Fuel = log.logger(), 20_000_000
	begin := time.Now()
	p := load(t, o)
	cold := time.Since(begin)
	ask := func(sql string) (*Call, error) {
		c := question()
		c.SQL = []byte(sql)
		return c, p.Call(context.Background(), abi.HookQuery, 0, c)
	}
	t.Run("passes and denies", func(t *testing.T) {
		c, err := ask("select 1")
		if err != nil || c.Verdict.Op != abi.OpPass {
			t.Fatal(err, c.Verdict)
		}
		if c, err = ask("select sleep(1)"); err != nil || string(c.Verdict.Message) != "no sleeping" {
			t.Fatal(err, c.Verdict)
		}
	})
	t.Run("lives with its garbage", func(t *testing.T) {
		for range 20 {
			if _, err := ask("churn"); err != nil {
				t.Fatal(err)
			}
		}
		if m := p.Stats().Memory; m > 13<<20 {
			t.Errorf("it takes %v", m)
		}
	})
	for _, b := range []struct {
		sql         string
		kind        Kind
		text, trace string
	}{
		{"panic", Trap, "trap in on_query: ", "panic: boom at 1970-01-01T00:00:00Z"},
		{"exit", Exit, "exit with code 3 in on_query", ""},
		{"deadlock", Trap, "trap in on_query: ", ""},
		{"hoard", OutOfMemory, "out of memory in on_query: its limit is 16MiB", "out of memory"},
		{"nap", OutOfFuel, "out of fuel in on_query", ""},
		{"spin", OutOfFuel, "out of fuel in on_query", ""},
	} {
		t.Run(b.sql, func(t *testing.T) {
			before := p.Stats().Replaced
			_, err := ask(b.sql)
			var f *Fault
			if !errors.As(err, &f) || f.Kind != b.kind || !strings.Contains(f.Text, b.text) || !strings.Contains(f.Trace, b.trace) {
				t.Fatalf("got %v\n%+v", err, f)
			}
			replaced(t, p, before+1)
			if _, err := ask("select 1"); err != nil {
				t.Fatal(err)
			}
		})
	}
	if !strings.Contains(log.String(), "boom at 1970") {
		t.Errorf("logged %s", log.String())
	}
	begin = time.Now()
	if q := load(t, o); !q.Cached() {
		t.Error("its machine code was not kept")
	}
	t.Logf("%d bytes: cold %v, cached %v, one instance %v", len(o.Module), cold, time.Since(begin), p.code.memory)
}
