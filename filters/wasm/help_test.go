package wasm_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader finds facts as the proxy does.
type reader struct{ c *stmt.Classifier }

func (r reader) Classify(c *core.Command) *core.Facts {
	return r.c.Classify(stmt.Mode{}, c.SQL, c.Truncated())
}
func (r reader) Ranges(c *core.Command) (core.Ranges, bool) {
	return stmt.FindRanges(stmt.Mode{}, c.SQL, c.Statement())
}
func (r reader) Texts(c *core.Command) ([]core.Range, bool) {
	return stmt.FindTexts(stmt.Mode{}, c.SQL, c.Statement())
}

// session is a client's whose statements are understood.
func session() *core.Session {
	return coretest.Session(func(s *core.Session) {
		s.Classifier = reader{stmt.NewClassifier(1 << 20)}
		s.Pools = coretest.NewPools(
			&core.Pool{Name: "main", Backends: []*core.Backend{{Name: "db1", Pool: "main"}, {Name: "db2", Pool: "main"}}},
			&core.Pool{Name: "readers"})
	})
}

// kind is the number of a kind of statement.
func kind(name string) int32 { return int32(slices.Index(abi.Kinds(), name)) }

// when is the code of a hook that gives one verdict on statements of a kind, and goes on
// otherwise.
func when(name string, verdict w.Code) w.Code {
	return w.I32(w.GuestBlock) + w.Load8U + w.At(abi.AtKind) + w.I32(kind(name)) + w.I32Eq +
		w.IfOf(w.Int64, verdict, w.I64(abi.OpPass))
}

// denies is a module that denies one kind of statement.
func denies(name, message string) []byte {
	m := w.Guest()
	m.Hook(abi.HookQuery, nil, when(name, m.Deny(w.GuestFree, 1105, "HY000", message)))
	return m.Build()
}

// route is a payload of OpRoute.
func route(m *w.Module, at uint32, to byte, name string) w.Code {
	m.Data(int32(at), string(to)+name)
	return w.Verdict(abi.OpRoute, at, uint32(len(name)+1))
}

// rewrite is the code of a verdict that puts sql in the statement's place.
func rewrite(m *w.Module, at uint32, sql string) w.Code {
	m.Data(int32(at), sql)
	return w.Verdict(abi.OpRewrite, at, uint32(len(sql)))
}

// ok is the code of a verdict that answers OK.
func ok(m *w.Module, at uint32) w.Code {
	m.Data(int32(at), string(binary.LittleEndian.AppendUint64(make([]byte, 8, 16), 0)))
	return w.Verdict(abi.OpOK, at, 16)
}

func deps(t testing.TB) wasm.Deps {
	t.Helper()
	c, err := guest.NewCompiler("")
	if err != nil {
		t.Fatal(err)
	}
	return wasm.Deps{Compiler: c, Budget: guest.NewBudget(0), Classify: func(sql []byte) *core.Facts { return stmt.Analyze(stmt.Mode{}, sql) }}
}

// load makes a filter of a module, which ends with the test.
func load(t *testing.T, module []byte, o wasm.Options) *wasm.Filter {
	t.Helper()
	f, r, err := wasm.Load(context.Background(), wasm.Source{Name: "rule", Module: module}, o, deps(t))
	if err != nil {
		t.Fatalf("%v; %+v", err, r.Steps)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// ask sends a query through a chain of the one filter.
func ask(t *testing.T, f *wasm.Filter, sql string) (core.Verdict, *core.Command) {
	t.Helper()
	return command(chain(t, f), session(), core.Query, sql)
}

// chain is a chain of the one filter, which is not closed with it.
func chain(t *testing.T, f *wasm.Filter) *core.Chain {
	t.Helper()
	return coretest.Chain(t, open{f})
}

// open hides a filter's Close.
type open struct{ *wasm.Filter }

func (open) Close() error { return nil }

func command(ch *core.Chain, s *core.Session, code core.Code, sql string) (core.Verdict, *core.Command) {
	c := coretest.Command(s, code, sql)
	v := ch.Command(context.Background(), c)
	return v, c
}

// says gives a verdict as a line.
func says(v core.Verdict) string {
	switch r := v.Reply(); {
	case r == nil:
		return "go on"
	case r.Err != nil && v.Ends():
		return "disconnect " + r.Err.Message
	case r.Err != nil:
		return "deny " + r.Err.Message
	case len(r.Columns) > 0:
		return "reply " + strings.Join(r.Columns, ",")
	}
	return "ok"
}

// put writes files into a directory.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func unknownImport() []byte {
	m := &w.Module{}
	m.Import(abi.Module, "open_door", nil, nil)
	m.GuestExports()
	m.Hook(abi.HookQuery, nil, w.I64(0))
	return m.Build()
}

// metric is the value of a series, by its name and a label's value; "" is one without labels.
func (p *process) metric(name, label string) float64 {
	p.t.Helper()
	families, err := p.metrics.Gather()
	must(p.t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && label == "" {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetValue() == label {
					return m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
	}
	p.t.Errorf("no metric %s of %s", name, label)
	return -1
}
