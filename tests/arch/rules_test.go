package arch_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestFilesAreShort(t *testing.T) {
	for _, file := range goFiles(t) {
		limit := 400
		if strings.HasSuffix(file, "_test.go") {
			limit = 500
		}
		if n := strings.Count(read(t, file), "\n"); n > limit {
			t.Errorf("%s has %d lines, more than %d", file, n, limit)
		}
	}
}

func TestEachFilterExplainsItselfInTheSameSections(t *testing.T) {
	want := []string{"## Name", "## Description", "## Config", "## Metrics", "## Examples"}
	found := 0
	for dir := range packages(t) {
		if filepath.Dir(dir) != "filters" {
			continue
		}
		found++
		var got []string
		for line := range strings.SplitSeq(read(t, dir+"/README.md"), "\n") {
			if strings.HasPrefix(line, "## ") {
				got = append(got, line)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s/README.md has the sections %q, want %q", dir, got, want)
		}
	}
	if found < 4 {
		t.Errorf("found %d filters", found)
	}
}

// unfinished are notes of work left to do; split, so that this file has none.
func unfinished() []string {
	return []string{"TO" + "DO", "FIX" + "ME", "HA" + "CK"}
}

func TestNothingIsLeftToDo(t *testing.T) {
	for _, file := range files(t) {
		text := read(t, file)
		for _, word := range unfinished() {
			if hasWord(text, word) {
				t.Errorf("%s says %s: do it, or make it an issue", file, word)
			}
		}
	}
}

// The words of GLOSSARY.md's column "never" are in no file of ours but itself.
func TestWordsThatTheGlossaryForbidsAreNowhere(t *testing.T) {
	never := forbidden(t)
	if len(never) < 3 {
		t.Fatalf("the glossary forbids %q only", never)
	}
	for _, file := range files(t) {
		base := filepath.Base(file)
		if base == "GLOSSARY.md" || strings.HasPrefix(base, "go.") || strings.HasSuffix(base, ".json") {
			continue // other projects' names are in go.mod, go.sum and package-lock.json
		}
		text := strings.ToLower(read(t, file))
		for _, word := range never {
			if hasWord(text, word) || hasWord(text, word+"s") {
				t.Errorf("%s says %q; GLOSSARY.md has a better word", file, word)
			}
		}
	}
}

// forbidden reads the third column of the glossary's table.
func forbidden(t *testing.T) []string {
	t.Helper()
	var all []string
	for line := range strings.SplitSeq(read(t, "GLOSSARY.md"), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(strings.TrimSpace(cells[1]), "-") || strings.TrimSpace(cells[3]) == "never" {
			continue
		}
		for word := range strings.SplitSeq(cells[3], ",") {
			if word = strings.TrimSpace(word); word != "" {
				all = append(all, word)
			}
		}
	}
	return all
}

// hasWord finds whole words only: what stands in a longer name is somebody else's.
func hasWord(text, word string) bool {
	for rest, at := text, 0; ; rest = rest[at+1:] {
		if at = strings.Index(rest, word); at < 0 {
			return false
		}
		end := at + len(word)
		if (at == 0 || !inWord(rest[at-1])) && (end == len(rest) || !inWord(rest[end])) {
			return true
		}
	}
}

func inWord(b byte) bool { return b == '_' || unicode.IsLetter(rune(b)) }

var pin = regexp.MustCompile(`^\s*(require )?\S+ v\d`)

func TestTheMainModuleStandsAlone(t *testing.T) {
	pins := 0
	for line := range strings.SplitSeq(read(t, "go.mod"), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "replace") {
			t.Errorf("go.mod has %q: then it can't be installed by its name", line)
		}
		if pin.MatchString(line) {
			pins++
		}
	}
	if pins < 5 {
		t.Errorf("go.mod has %d pinned modules", pins)
	}
	if slices.Contains(files(t), "go.work") {
		t.Error("go.work makes builds here differ from builds elsewhere")
	}
}
