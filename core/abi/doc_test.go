package abi_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

func page(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestThePageHasEveryHostFunctionAsItIs(t *testing.T) {
	doc := page(t)
	names := map[abi.ValueType]string{abi.I32: "i32", abi.I64: "i64", abi.F64: "f64"}
	for _, f := range abi.Functions() {
		var params []string
		for _, p := range f.Params {
			params = append(params, names[p])
		}
		signature := "(" + strings.Join(params, ", ") + ")"
		if f.Result != 0 {
			signature += " -> " + names[f.Result]
		}
		capability := f.Capability
		if capability == "" {
			capability = "-"
		}
		row := fmt.Sprintf("| `%s` | `%s` | %s | %s |\n", f.Name, signature, capability, strings.ReplaceAll(f.Doc, "|", `\|`))
		if !strings.Contains(doc, row) {
			t.Errorf("the page lacks the row %s", row)
		}
	}
}

func TestThePageHasEveryHookAndOp(t *testing.T) {
	doc := page(t)
	for n, name := range abi.HookNames() {
		if !strings.Contains(doc, fmt.Sprintf("| %d | `%s` |", n, name)) {
			t.Errorf("the page lacks hook %d, %s", n, name)
		}
	}
	for op, name := range map[int]string{
		abi.OpPass: "pass", abi.OpDeny: "deny", abi.OpRewrite: "rewrite", abi.OpRoute: "route", abi.OpReply: "reply",
		abi.OpOK: "ok", abi.OpDisconnect: "disconnect", abi.OpList: "list", abi.OpMask: "mask",
	} {
		if !strings.Contains(doc, fmt.Sprintf("| %d | %s |", op, name)) {
			t.Errorf("the page lacks op %d, %s", op, name)
		}
	}
	for _, name := range []string{abi.ExportVersion, abi.ExportBlock, abi.ExportConfigure, abi.ExportHooks, abi.ExportInitialize} {
		if !strings.Contains(doc, "| `"+name+"` |") {
			t.Errorf("the page lacks the export %s", name)
		}
	}
}

// The offsets and bits are read from the source, so that a new one can't be forgotten.
func TestThePageHasEveryOffsetAndFlag(t *testing.T) {
	doc := page(t)
	source, err := os.ReadFile("abi.go")
	if err != nil {
		t.Fatal(err)
	}
	offsets := regexp.MustCompile(`(?m)^\tAt\w+\s+= (\d+)`).FindAllStringSubmatch(string(source), -1)
	if len(offsets) < 25 {
		t.Fatalf("found %d offsets in the source", len(offsets))
	}
	for _, at := range offsets {
		if !strings.Contains(doc, "\n| "+at[1]+" | ") {
			t.Errorf("the page lacks the header's offset %s", at[1])
		}
	}
	flags := regexp.MustCompile(`(?m)^\tFlag\w+`).FindAllString(string(source), -1)
	for bit := range flags {
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d \| [a-z-]+ \| `, bit)).MatchString(doc) {
			t.Errorf("the page lacks flag %d", bit)
		}
	}
}

func TestKindsAndAccessesAreThoseOfCore(t *testing.T) {
	doc := strings.ReplaceAll(page(t), "\n", " ")
	if kinds := strings.Join(abi.Kinds(), ", "); !strings.Contains(doc, kinds) {
		t.Errorf("the page lacks the kinds %s", kinds)
	}
	if accesses := strings.Join(abi.Accesses(), ", "); !strings.Contains(doc, accesses) {
		t.Errorf("the page lacks the accesses %s", accesses)
	}
	for n, name := range abi.Accesses() {
		if got := core.Access(n).String(); got != name {
			t.Errorf("access %d is %s in core and %s here", n, got, name)
		}
	}
	for _, name := range abi.Kinds() {
		if _, err := core.ParseStatementKind(name); err != nil {
			t.Error(err)
		}
	}
	for k := core.StatementKind(0); k.String() != "invalid"; k++ {
		if !strings.Contains(strings.Join(abi.Kinds(), " ")+" ", k.String()+" ") {
			t.Errorf("the kind %s has no number here", k)
		}
	}
}
