package scaffold_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/scaffold"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/scaffold/archive"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/toolchain"
)

func TestTheArchiveIsThatOfTheTree(t *testing.T) {
	want, err := archive.Pack(os.DirFS("../../../filter-sdk"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(want, scaffold.Packed()) {
		return
	}
	there, _ := archive.Names(scaffold.Packed())
	tree, _ := archive.Names(want)
	for _, name := range tree {
		if !slices.Contains(there, name) {
			t.Errorf("the archive lacks %s", name)
		}
	}
	t.Error("the archive of the SDKs is not that of filter-sdk; make generate writes it")
}

func TestEachLanguageHasAFilterOfItsOwn(t *testing.T) {
	for _, l := range toolchain.Languages() {
		f := scaffold.Filter{Dir: filepath.Join(t.TempDir(), "my-rule"), Language: l, Version: "v9.9.9"}
		files, err := f.Make()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{l.Source(), "filter.yaml", "cases.yaml", "README.md"} {
			if !slices.Contains(files, name) {
				t.Errorf("%s: %s is missing in %q", l, name, files)
			}
		}
		for _, name := range files {
			text, err := os.ReadFile(filepath.Join(f.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "{{") {
				t.Errorf("%s: %s has a word that was not filled in:\n%s", l, name, text)
			}
		}
		source, err := os.ReadFile(filepath.Join(f.Dir, l.Source()))
		if n := bytes.Count(source, []byte("\n")); err != nil || n > 26 || !bytes.Contains(source, []byte("my-rule: ")) {
			t.Errorf("%s: the filter has %d lines, error %v\n%s", l, n, err, source)
		}
		if got, err := toolchain.Detect(f.Dir); err != nil || got != l {
			t.Errorf("%s is taken for %s, %v", l, got, err)
		}
		if _, err := f.Make(); err == nil || !strings.Contains(err.Error(), "is not empty") {
			t.Errorf("%s: made twice: %v", l, err)
		}
	}
}

func TestBadNamesAndFullDirectoriesAreRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{
		"Rule": `"Rule" is no name`, "7rule": "is no name", "my rule": "is no name", "..": "is no name", "r;x": "is no name",
		strings.Repeat("a", 64): "is no name", "file": "is no directory that can be read",
	} {
		_, err := scaffold.Filter{Dir: dir + "/" + name, Language: toolchain.Go}.Make()
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", name, err, says)
		}
	}
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := (scaffold.Filter{Dir: empty, Language: toolchain.C}).Make(); err != nil {
		t.Errorf("an empty directory is refused: %v", err)
	}
}
