// Package sdk_test builds filters with the Go SDK as their authors do and runs them.
package sdk_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// write puts a filter's files into a directory, with a go.mod that leads to the tree's SDK.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	sdk, err := filepath.Abs("../../filter-sdk")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files["go.mod"] = "module rule\n\ngo 1.24\n\nrequire github.com/dbmesh/dbmesh/filter-sdk v0.0.0\n\n" +
		"replace github.com/dbmesh/dbmesh/filter-sdk => " + sdk + "\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func run(t *testing.T, dir string, env []string, args ...string) {
	t.Helper()
	c := exec.Command("go", args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// build compiles a filter as its author would.
func build(t *testing.T, dir string) []byte {
	t.Helper()
	run(t, dir, []string{"GOOS=wasip1", "GOARCH=wasm"}, "build", "-buildmode=c-shared", "-o", "rule.wasm")
	wasm, err := os.ReadFile(filepath.Join(dir, "rule.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// filter is a source around a few lines.
func filter(imports []string, declarations, init string) string {
	text := "package main\n\nimport (\n\t\"github.com/dbmesh/dbmesh/filter-sdk/dbmesh\"\n"
	for _, i := range imports {
		text += "\t\"" + i + "\"\n"
	}
	return text + ")\n\n" + declarations + "\n\nfunc init() {\n" + init + "\n}\n\nfunc main() {}\n"
}

func TestAModuleImportsWhatItsFilterUses(t *testing.T) {
	for name, tc := range map[string]struct {
		imports            []string
		declarations, init string
		want               string // host functions, sorted
	}{
		"facts": {nil, "", `dbmesh.OnQuery(func(q dbmesh.Query) dbmesh.Verdict {
			if q.Kind() == dbmesh.Delete && !q.HasWhere() && !q.InTransaction() {
				return dbmesh.Deny(1105, "HY000", "no").Cacheable()
			}
			return dbmesh.Pass
		})`, ""},
		"text": {[]string{"strings"}, "", `dbmesh.OnPrepare(func(q dbmesh.Query) dbmesh.Verdict { return dbmesh.Rewrite(strings.ToUpper(q.SQL())) })`, "sql"},
		"user": {nil, "", `dbmesh.OnSession(func(s dbmesh.Session) dbmesh.Verdict { return dbmesh.Route(s.User() + s.Attribute("a")) })`, "attribute session_str"},
		"all verdicts": {nil, "", `dbmesh.OnError(func(e dbmesh.ServerError) dbmesh.Verdict {
			switch e.Code() {
			case 1: return dbmesh.Both(dbmesh.Rewrite("x"), dbmesh.RouteBackend("y"))
			case 2: return dbmesh.Reply([]string{"a"}, []dbmesh.Value{dbmesh.Null})
			case 3: return dbmesh.OK(1, 2, "")
			case 4: return dbmesh.Mask(dbmesh.MaskNull(1))
			}
			return dbmesh.Disconnect(1, "", "")
		})`, ""},
		"patterns": {nil, `var sleepy = dbmesh.Regexps("sleep")`, `dbmesh.OnQuery(func(q dbmesh.Query) dbmesh.Verdict {
			if q.Match(sleepy) { return dbmesh.DenyMessage("no") }
			return dbmesh.Pass
		})`, "match match_new"},
		"services with fmt": {[]string{"fmt", "time"}, "var n = dbmesh.NewCounter(\"n\")\nvar limit int", `dbmesh.OnConfigure(func(c dbmesh.Config) error { limit = c.Int("limit", 1); return nil })
			dbmesh.OnQuery(func(q dbmesh.Query) dbmesh.Verdict {
				n.Inc()
				if !dbmesh.Rate("k", limit, time.Minute) { return dbmesh.DenyMessage(fmt.Sprint("over ", limit)) }
				for t := range q.Tables() { fmt.Println(t) }
				return dbmesh.Pass
			})`, "config_get metric_add metric_def rate table"},
	} {
		t.Run(name, func(t *testing.T) {
			wasm := build(t, write(t, map[string]string{"rule.go": filter(tc.imports, tc.declarations, tc.init)}))
			m, err := module.Read(wasm, module.DefaultCaps())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range m.Imports {
				if i.Module == abi.Module {
					got = append(got, i.Name)
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != tc.want {
				t.Errorf("imports %q, want %q", got, tc.want)
			}
			names := abi.HookNames()
			for _, want := range append(names[:], abi.ExportVersion, abi.ExportBlock, abi.ExportConfigure, abi.ExportHooks, abi.ExportInitialize, "memory") {
				if _, ok := m.Export(want); !ok {
					t.Errorf("exports no %s", want)
				}
			}
			if len(tc.imports) > 1 { // package fmt imports most of what Go imports from WASI
				load(t, wasm, abi.Capabilities())
			}
		})
	}
}

// load puts a filter in force.
func load(t *testing.T, wasm []byte, grants []string) *guest.Program {
	t.Helper()
	compiler, err := guest.NewCompiler(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p, err := guest.Load(context.Background(), guest.Options{Name: "rule", Module: wasm, Grants: grants,
		Config: []byte(`{"limit": 2, "tables": ["app.*"]}`), Compiler: compiler, Budget: guest.NewBudget(256 << 20)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// question is a statement in a session.
func question(sql string) *guest.Call {
	mode := stmt.Mode{Version: 101119, Charset: stmt.CharsetUTF8}
	return &guest.Call{Session: &core.Session{ID: 7, User: "ann", Schema: "app"}, State: &guest.State{},
		Facts: stmt.Analyze(mode, []byte(sql)), SQL: []byte(sql)}
}

var block = regexp.MustCompile("(?s)```go\n(.*?)```")

func TestTheFilterOfTheReadmeWorks(t *testing.T) {
	text, err := os.ReadFile("../../filter-sdk/README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.FindAllSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Fatalf("the README has %d blocks of Go", len(blocks))
	}
	dir := write(t, map[string]string{"rule.go": string(blocks[0][1]), "rule_test.go": string(blocks[1][1])})
	binary := filepath.Join(t.TempDir(), "dbmesh")
	run(t, ".", nil, "build", "-o", binary, "github.com/dbmesh/dbmesh/cmd/dbmesh")
	run(t, dir, []string{"DBMESH=" + binary}, "test", "-count=1", ".")

	p := load(t, build(t, dir), nil) // it needs no capability
	if p.Hooks() != 1<<abi.HookQuery|1<<abi.HookPrepare {
		t.Errorf("hooks are %b", p.Hooks())
	}
	for sql, want := range map[string]uint8{
		"DELETE FROM users": abi.OpDeny, "DELETE FROM users WHERE id = 7": abi.OpPass, "UPDATE users SET a = 'x": abi.OpDeny,
	} {
		c := question(sql)
		if err := p.Call(context.Background(), abi.HookQuery, 0, c); err != nil {
			t.Fatal(err)
		}
		if c.Verdict.Op != want || !c.Verdict.Cacheable {
			t.Errorf("%s: verdict %d, cacheable %v", sql, c.Verdict.Op, c.Verdict.Cacheable)
		}
	}
}

func TestACompiledFilterSeesAndSaysWhatANativeOneDoes(t *testing.T) {
	source := filter([]string{"fmt", "strings", "errors"}, `var frozen *dbmesh.Patterns

var kept string

func about(q dbmesh.Query) dbmesh.Verdict {
	if kept != "" && kept != q.User() {
		panic("a kept name has changed to " + kept)
	}
	kept = q.User()
	var all []string
	for t := range q.Tables() {
		all = append(all, fmt.Sprint(t, t.Written()))
	}
	for p := range q.Places() {
		all = append(all, q.SQL()[p.Start:p.End])
	}
	for f := range q.Functions() {
		all = append(all, f)
	}
	q.Slot()[0]++
	return dbmesh.DenyMessage(fmt.Sprint(q.Kind(), " ", q.Access(), " ", q.SQL(), " ", strings.Join(all, ","), " ", q.Match(frozen), " ",
		q.ID(), " ", q.User(), " ", q.Schema(), " ", fmt.Sprintf("%016x", q.DigestID()) == q.Digest()[:16], " ", q.Slot()[0]))
}`, `dbmesh.WantSQL(30)
	dbmesh.OnConfigure(func(c dbmesh.Config) error {
		if c.Int("limit", 0) != 2 {
			return errors.New("the limit is another")
		}
		frozen = dbmesh.TableGlobs(c.Strings("tables")...)
		return nil
	})
	dbmesh.OnQuery(about)
	dbmesh.OnPrepare(func(q dbmesh.Query) dbmesh.Verdict { panic("no " + q.SQL()) })`)
	p := load(t, build(t, write(t, map[string]string{"rule.go": source})), guest.BareGrants())
	ctx := context.Background()
	c := question("SELECT 1")
	for i, tc := range []struct{ sql, want string }{
		{"DELETE FROM t WHERE a = 1", "delete write DELETE FROM t WHERE a = 1 app.t true true 7 ann app true 1"},
		{"SELECT GET_LOCK('a longer text than was wanted', 1) FROM b.c", "select read SELECT GET_LOCK('a longer text than was wanted', 1) FROM b.c b.c false,get_lock false 7 ann app true 2"},
	} {
		next := question(tc.sql)
		next.State = c.State
		if c = next; p.Call(ctx, abi.HookQuery, 0, c) != nil || string(c.Verdict.Message) != tc.want {
			t.Errorf("%d: %q, want %q", i, c.Verdict.Message, tc.want)
		}
	}
	var f *guest.Fault
	if err := p.Call(ctx, abi.HookPrepare, 0, c); !errors.As(err, &f) {
		t.Errorf("a panic is %v", err)
	}
	if err := p.Call(ctx, abi.HookQuery, 0, c); err != nil || c.Verdict.Op != abi.OpDeny {
		t.Errorf("after a panic: %v", err)
	}
}
