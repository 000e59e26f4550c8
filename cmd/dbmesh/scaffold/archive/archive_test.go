package archive_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/scaffold/archive"
)

func tree() fstest.MapFS {
	return fstest.MapFS{
		"go.mod": {Data: []byte("module m\n")}, "a/b.go": {Data: []byte("package a\n")}, "a/b_test.go": {Data: []byte("x")},
		"a/testdata/x": {Data: []byte("x")}, "as/node_modules/y.js": {Data: []byte("x")}, ".hidden/z": {Data: []byte("x")},
		"conformance/main.go": {Data: []byte("x")}, "a/.cache": {Data: []byte("x")}, "c/h.h": {Data: []byte("")},
	}
}

func TestAnArchiveHasWhatAuthorsNeedAndEqualBytesEachTime(t *testing.T) {
	first, err := archive.Pack(tree())
	if err != nil {
		t.Fatal(err)
	}
	again, err := archive.Pack(tree())
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("equal trees give other bytes: %v", err)
	}
	names, err := archive.Names(first)
	if want := []string{"a/b.go", "c/h.h", "go.mod"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("it has %q, want %q; %v", names, want, err)
	}
	changed := tree()
	changed["a/b.go"].Data = []byte("package b\n")
	if other, _ := archive.Pack(changed); bytes.Equal(first, other) {
		t.Error("another tree gives the same bytes")
	}
}

func TestAnArchiveIsUnpackedInPart(t *testing.T) {
	packed, err := archive.Pack(tree())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := archive.Unpack(packed, "a", dir, nil); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "b.go")); err != nil || string(text) != "package a\n" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		t.Error("a file of another directory was unpacked")
	}
	all := t.TempDir()
	if err := archive.Unpack(packed, "", all, func(name string) bool { return !strings.HasSuffix(name, ".h") }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(all, "a", "b.go")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(all, "c")); err == nil {
		t.Error("a file that was not to be kept was unpacked")
	}
	if err := archive.Unpack(packed[:515], "", t.TempDir(), nil); err == nil {
		t.Error("half an archive is unpacked without an error")
	}
}
