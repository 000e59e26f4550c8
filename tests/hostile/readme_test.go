package hostile_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of README.md anew")

// atLeast is how many modules there have to be.
const atLeast = 40

func TestTheReadmeListsEachModule(t *testing.T) {
	var b strings.Builder
	n := 0
	for _, f := range families() {
		fmt.Fprintf(&b, "\n## %s\n\n| module | tries | |\n|---|---|---|\n", f.title)
		for _, a := range f.attacks {
			n++
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", a.name, a.tries, a.end())
		}
	}
	if n < atLeast {
		t.Errorf("there are %d modules, want %d", n, atLeast)
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "\n## ")
	want := strings.TrimRight(strings.TrimSuffix(strings.TrimSpace(head), "TABLE"), "\n") + "\n" + b.String()
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Error("README.md has another table; write it anew with -update and look at the difference")
	}
}

func (a attack) end() string {
	switch {
	case a.refused != "":
		return "refused: " + a.refused
	case a.told != "":
		return "denied: " + a.told
	case a.breaks:
		return "passes; the guest breaks where no command hears of it"
	}
	return "passes"
}
