// Package archive packs the SDKs of filter-sdk into one file that travels in the command. An
// embed can't reach them where they are: the Go SDK is a module of its own.
package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Pack gives a tar of what authors of filters need of the tree. Equal trees give equal bytes:
// there are no times, owners or modes in it, and it is not compressed.
func Pack(tree fs.FS) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && leftOut(d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(d.Name(), "."):
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		head := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(head); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		_, err = w.Write(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// leftOut are directories that only this project's own tests and builds need.
func leftOut(dir string) bool {
	return strings.HasPrefix(dir, ".") ||
		slices.Contains([]string{"build", "conformance", "examples", "node_modules", "target", "testdata"}, dir)
}

// Unpack writes the part of the archive that lies under a directory of it into the directory
// to. keep says which files of it, by their path there; nil keeps all.
func Unpack(packed []byte, under, to string, keep func(name string) bool) error {
	r := tar.NewReader(bytes.NewReader(packed))
	for {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := head.Name
		if under != "" {
			var inside bool
			if name, inside = strings.CutPrefix(name, under+"/"); !inside {
				continue
			}
		}
		if keep != nil && !keep(name) {
			continue
		}
		if !filepath.IsLocal(name) {
			return fmt.Errorf("the archive has a file %q, which lies outside of it", name)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		file := filepath.Join(to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // source code for its owner's tools
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
}

// Names lists the archive's files.
func Names(packed []byte) ([]string, error) {
	var all []string
	r := tar.NewReader(bytes.NewReader(packed))
	for {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, path.Clean(head.Name))
	}
}
