package effects

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

var update = flag.Bool("update", false, "write the table of docs/facts-effects.md anew")

const (
	page  = "../../docs/facts-effects.md"
	begin = "| statement | leaves behind | takes away for sure | taken away by | told by MariaDB |"
)

func TestThePageShowsTheTable(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	if !found {
		t.Fatalf("%s has no table", page)
	}
	_, after, _ := strings.Cut(rest, "\n\n")
	want := before + table() + "\n" + after
	if string(text) == want {
		return
	}
	if !*update {
		t.Fatalf("the table of %s is not that of core/stmt; make golden writes it anew:\n%s", page, table())
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n|---|---|---|---|---|\n", begin)
	for _, c := range stmt.Causes() {
		name := c.Name
		if on := c.Servers(); on != "" {
			name += " (" + on + ")"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, c.Creates, c.Releases, c.Undo, c.Told)
	}
	return b.String()
}

// Every kind of state has a line on what it means for the session.
func TestThePageExplainsEveryEffect(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for e := range core.AllEffects.Each() {
		pins := "no"
		if e&core.Lasting != 0 {
			pins = "yes"
		}
		if line := fmt.Sprintf("\n| %s | %s | ", e, pins); !strings.Contains(string(text), line) {
			t.Errorf("%s lacks the line %q", page, line)
		}
	}
}
