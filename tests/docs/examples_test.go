package docs_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what commands print into the documents")

var (
	goBlock      = regexp.MustCompile("(?s)```go\n(.*?)```")
	consoleBlock = regexp.MustCompile("(?s)```console\n\\$ ([^\n]*)\n(.*?)```")
)

// The files are compiled as packages of the main module, where they would be allowed to
// import what they show.
func TestGoCodeThatIsShownCompiles(t *testing.T) {
	shown := 0
	for page, text := range pages(t) {
		for _, block := range goBlock.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(block[1], "\npackage ") {
				continue // a part of a file
			}
			shown++
			if said, err := compile(t, block[1]); err != nil {
				t.Errorf("%s: %v\n%s", page, err, said)
			}
		}
	}
	if shown < 1 {
		t.Error("no Go code is shown")
	}
	if said, err := compile(t, "package bad\n\nimport \"github.com/dbmesh/dbmesh/core\"\n\nvar _ = core.Nothing\n"); err == nil || !strings.Contains(string(said), "core.Nothing") {
		t.Errorf("code that is wrong compiles: %v\n%s", err, said)
	}
}

// compile builds and vets text as a package that stands in no file of the tree.
func compile(t *testing.T, text string) ([]byte, error) {
	t.Helper()
	dir, err := filepath.Abs(root)
	must(t, err)
	file := filepath.Join(t.TempDir(), "shown.go")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(dir, "tests", "docs", "shown", "shown.go"): file,
	}})
	must(t, err)
	overlays := file + ".json"
	must(t, os.WriteFile(overlays, overlay, 0o600))
	cmd := exec.Command("go", "build", "-overlay", overlays, "./tests/docs/shown")
	cmd.Dir = dir
	return cmd.CombinedOutput()
}

// A block of a console shows one command in its first line, and all that it prints.
func TestCommandsPrintWhatIsShown(t *testing.T) {
	shown := 0
	for page, text := range pages(t) {
		now := consoleBlock.ReplaceAllStringFunc(text, func(block string) string {
			shown++
			m := consoleBlock.FindStringSubmatch(block)
			cmd := exec.Command("sh", "-c", m[1])
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
			printed, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %s: %v\n%s", page, m[1], err, printed)
			}
			return "```console\n$ " + m[1] + "\n" + string(printed) + "```"
		})
		if now == text {
			continue
		}
		if *update {
			must(t, os.WriteFile(filepath.Join(root, page), []byte(now), 0o644))
			continue
		}
		t.Errorf("%s shows other output than commands print, which is (make golden writes it):\n%s",
			page, strings.Join(consoleBlock.FindAllString(now, -1), "\n"))
	}
	if shown < 3 {
		t.Errorf("only %d commands are shown with their output", shown)
	}
}
