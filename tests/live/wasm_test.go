package live

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// deniesDeletes is a filter that denies each DELETE with a message.
func deniesDeletes(message string) string {
	kind := int32(-1)
	for i, name := range abi.Kinds() {
		if name == "delete" {
			kind = int32(i)
		}
	}
	m := wasmtest.Guest()
	m.Hook(abi.HookQuery, nil,
		wasmtest.I32(wasmtest.GuestBlock)+wasmtest.Load8U+wasmtest.At(abi.AtKind)+wasmtest.I32(kind)+wasmtest.I32Eq+
			wasmtest.IfOf(wasmtest.Int64, m.Deny(wasmtest.GuestFree, 1105, "HY000", message), wasmtest.I64(0)))
	return string(m.Build())
}

// The real command, a filter dropped into its directory: the session that is there obeys it,
// loses nothing by it, and obeys the next one too, whatever stands in the config by then.
func TestADroppedFilterIsObeyedBySessionsThatAreThere(t *testing.T) {
	server := shared.MariaDB(t).Backend
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := before(server, usualLinks+"{kind: wasm, dir: \""+dir+"\"}\n")
	p := startProcess(t, good.text())
	c := session(t, app(t, p.addr))
	id := value(t, c, "SELECT CONNECTION_ID()")
	const statement = "DELETE FROM mysql.no_such_table"
	obeys := func(want string) {
		t.Helper()
		start := time.Now()
		until(t, patience, "the verdict is "+want, func() bool {
			_, err := c.ExecContext(t.Context(), statement)
			return err != nil && strings.Contains(err.Error(), want)
		})
		t.Logf("%s after %v", want, time.Since(start))
		if got := value(t, c, "SELECT CONNECTION_ID()"); got != id {
			t.Fatalf("the session's backend connection changed from %s to %s", id, got)
		}
	}
	obeys("no_such_table") // the server's own error, of access or of absence
	put("rule.wasm", deniesDeletes("first rule"))
	obeys("first rule")
	p.write(t, good.text()+"  - [\n")
	until(t, patience, "the config is refused", func() bool { return strings.Contains(p.text(), "config refused") })
	put("rule.wasm", deniesDeletes("second rule"))
	obeys("second rule")
	put("rule.wasm", deniesDeletes("third rule")[:100])
	until(t, patience, "the broken filter is refused", func() bool { return strings.Contains(p.text(), "filter refused") })
	obeys("second rule")
	if err := os.Remove(filepath.Join(dir, "rule.wasm")); err != nil {
		t.Fatal(err)
	}
	obeys("no_such_table")
}
