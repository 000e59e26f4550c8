package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/config"
)

const (
	tableBegin = "<!-- keys: written by \"go test ./core/config -update\" -->\n"
	tableEnd   = "<!-- end of keys -->\n"
)

// table is the part of docs/config.md that is made from Keys.
func table() string {
	var b strings.Builder
	b.WriteString("| key | type | default | reload | meaning |\n|---|---|---|---|---|\n")
	for _, k := range config.Keys() {
		byDefault, reload := "", "no"
		if k.Default != "" {
			byDefault = "`" + k.Default + "`"
		}
		if k.Live {
			reload = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Path, k.Type(), byDefault, reload, k.Doc)
	}
	return b.String()
}

func TestTheDocumentationHasTheTableOfKeys(t *testing.T) {
	const path = "../../docs/config.md"
	data, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok := strings.Cut(string(data), tableBegin)
	written, after, also := strings.Cut(rest, tableEnd)
	if !ok || !also {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		must(t, os.WriteFile(path, []byte(before+tableBegin+table()+tableEnd+after), 0o644))
		return
	}
	if written != table() {
		t.Errorf("%s has another table than Keys; write it with -update", path)
	}
}
