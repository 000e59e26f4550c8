package docs_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	inline     = regexp.MustCompile("`((?:make|dbmesh|bin/dbmesh) [^`]*)`")
	flagName   = regexp.MustCompile(`\s--?([a-z-]+)`)
	link       = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	metric     = regexp.MustCompile("`(dbmesh_[a-z_]+)`")
	inCode     = regexp.MustCompile(`(?:describe\(|gauge\(|Name:\s+)"(dbmesh_[a-z_]+)"`)
)

func TestEveryCommandThatIsShownExists(t *testing.T) {
	targets := makeTargets(t)
	shown := 0
	for page, text := range pages(t) {
		var lines []string
		for _, block := range shellBlock.FindAllStringSubmatch(text, -1) {
			lines = append(lines, strings.Split(block[1], "\n")...)
		}
		for _, m := range inline.FindAllStringSubmatch(text, -1) {
			lines = append(lines, m[1])
		}
		for _, line := range lines {
			words := strings.Fields(line)
			if len(words) < 2 {
				continue
			}
			switch words[0] {
			case "make":
				shown++
				if !slices.Contains(targets, words[1]) {
					t.Errorf("%s: %s: no such verb", page, line)
				}
			case "dbmesh", "bin/dbmesh":
				shown++
				checkVerb(t, page, line, words[1:])
			}
		}
	}
	if shown < 20 {
		t.Errorf("only %d commands are shown", shown)
	}
}

func makeTargets(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	must(t, err)
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, m[1])
	}
	return all
}

// checkVerb asks dbmesh for the verb's flags and compares them with the line's.
func checkVerb(t *testing.T, page, line string, words []string) {
	t.Helper()
	verb := words[:1]
	if verb[0] == "filter" && len(words) > 1 { // it has verbs of its own
		verb = words[:2]
	}
	help, err := exec.Command(binary, append(slices.Clone(verb), "--help")...).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %s: %v\n%s", page, line, err, help)
		return
	}
	line, _, _ = strings.Cut(line, " && ")
	for _, m := range flagName.FindAllStringSubmatch(line, -1) {
		if m[1] != "help" && !strings.Contains(string(help), "-"+m[1]) {
			t.Errorf("%s: %s: there is no --%s", page, line, m[1])
		}
	}
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for page, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

func TestThePageOnMetricsHasThoseOfTheCode(t *testing.T) {
	told := map[string]bool{}
	for _, m := range metric.FindAllStringSubmatch(pages(t)["docs/metrics.md"], -1) {
		told[m[1]] = true
	}
	have := map[string]bool{}
	for _, dir := range []string{"core", "filters", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range inCode.FindAllStringSubmatch(string(text), -1) {
				have[m[1]] = true
			}
			return err
		})
		must(t, err)
	}
	for name := range have {
		if !told[name] {
			t.Errorf("docs/metrics.md lacks %s", name)
		}
	}
	for name := range told {
		if !have[name] {
			t.Errorf("docs/metrics.md tells of %s, which is not in the code", name)
		}
	}
	if len(have) < 20 {
		t.Errorf("found only %d metrics in the code", len(have))
	}
}
