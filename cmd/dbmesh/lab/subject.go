// Package lab runs a user filter outside of a proxy, through what a proxy does with it: the same
// loading, the same facts, the same hooks. What it needs of a proxy, sessions and commands, it
// makes itself.
package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// ManifestName is how a manifest is called in a filter's own directory.
const ManifestName = "filter.yaml"

// Subject is a filter's files.
type Subject struct {
	Path   string // of the module
	Dir    string // where its other files are
	Source wasm.Source
	// Asks are the capabilities that its manifest asks for; nil without a manifest.
	Asks     []string
	Manifest *manifest.Manifest // nil if there is none
	// Stale names a source file that is newer than the module, "" if there is none.
	Stale string
}

// Open finds a filter by its module or by its directory.
func Open(path string) (*Subject, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	s := &Subject{Path: path, Dir: filepath.Dir(path)}
	if info.IsDir() {
		s.Dir = path
		if s.Path, err = moduleIn(path); err != nil {
			return nil, err
		}
	}
	s.Source.Name = strings.TrimSuffix(filepath.Base(s.Path), ".wasm")
	if s.Source.Module, err = os.ReadFile(s.Path); err != nil {
		return nil, err
	}
	stem := strings.TrimSuffix(s.Path, ".wasm")
	for _, f := range []struct {
		path string
		into *[]byte
	}{
		{filepath.Join(s.Dir, ManifestName), &s.Source.Manifest},
		{stem + ".filter.yaml", &s.Source.Manifest},
		{s.Path + ".sig", &s.Source.Signature},
		{stem + ".yaml", &s.Source.Settings},
	} {
		if f.path == filepath.Join(s.Dir, ManifestName) && f.into == &s.Source.Settings {
			continue // of a filter that is called filter
		}
		text, err := os.ReadFile(f.path)
		if err == nil {
			*f.into = text
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if info.IsDir() {
		s.Stale = stale(s.Dir, s.Path)
	}
	return s, s.manifest()
}

// moduleIn finds the module that dbmesh filter build makes in a directory.
func moduleIn(dir string) (string, error) {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	name := filepath.Base(whole)
	path := filepath.Join(dir, ManifestName)
	if text, err := os.ReadFile(path); err == nil {
		m, err := manifest.Parse(path, text)
		if err != nil {
			return "", err
		}
		if m.Name != "" {
			name = filepath.Base(m.Name)
		}
	}
	path = filepath.Join(dir, name+".wasm")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("there is no %s; dbmesh filter build makes it", path)
	}
	return path, nil
}

// manifest reads what the filter asks for, from the module or from beside it.
func (s *Subject) manifest() error {
	name, text := "the manifest in "+s.Path, s.Source.Manifest
	if inside, ok := module.Section(s.Source.Module, abi.ManifestSection); ok {
		text = inside
	} else {
		name = "the manifest beside " + s.Path
	}
	if text == nil {
		return nil
	}
	m, err := manifest.Parse(name, text)
	if err != nil {
		return err
	}
	s.Manifest, s.Asks = m, m.Asks()
	return nil
}

// stale looks for a source that was changed after the module was made.
func stale(dir, path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	made := info.ModTime()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".go", ".rs", ".c", ".h", ".ts":
		default:
			continue
		}
		if info, err := e.Info(); err == nil && info.ModTime().After(made.Add(time.Millisecond)) && !strings.HasSuffix(e.Name(), "_test.go") {
			return e.Name()
		}
	}
	return ""
}

// Settings takes the settings from another file than the one beside the module.
func (s *Subject) Settings(path string) (err error) {
	s.Source.Settings, err = os.ReadFile(path)
	return err
}
