// Package scaffold makes the directory of a new filter. The SDKs travel in the command, so it
// needs neither a network nor the source of dbmesh.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/scaffold/archive"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/toolchain"
)

//go:embed sdk.tar
var sdk string

//go:embed template
var templates embed.FS

// Packed is the archive of the SDKs, see archive.Pack.
func Packed() []byte { return []byte(sdk) }

var validName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// Filter is a filter to be.
type Filter struct {
	Dir      string // its last element is the name
	Language toolchain.Language
	Version  string // of dbmesh, for the filter's README
}

// Name is the filter's name.
func (f Filter) Name() string { return filepath.Base(f.Dir) }

// NameError is a name that no filter may have.
type NameError string

func (e NameError) Error() string {
	return fmt.Sprintf("%q is no name for a filter: want lower-case letters, digits, - and _, a letter first, 63 at most", string(e))
}

// Make writes the directory and gives the files in it that are meant to be edited. It changes
// nothing where there is something already.
func (f Filter) Make() ([]string, error) {
	if name := f.Name(); !validName.MatchString(name) {
		return nil, NameError(name)
	}
	entries, err := os.ReadDir(f.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("%s is there and is no directory that can be read: %w", f.Dir, err)
	case len(entries) > 0:
		return nil, fmt.Errorf("%s is there and is not empty; give another name, or remove it first", f.Dir)
	}
	if err := os.MkdirAll(f.Dir, 0o755); err != nil { //nolint:gosec // source code for its owner's tools
		return nil, err
	}
	var written []string
	for _, dir := range []string{"template/" + string(f.Language), "template"} {
		names, err := f.write(dir)
		if err != nil {
			return nil, err
		}
		written = append(written, names...)
	}
	return written, f.unpack()
}

// write fills in the templates of one directory.
func (f Filter) write(dir string) ([]string, error) {
	all, err := templates.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	words := strings.NewReplacer("{{name}}", f.Name(), "{{language}}", f.Language.Name(),
		"{{source}}", f.Language.Source(), "{{version}}", f.Version)
	var written []string
	for _, entry := range all {
		if entry.IsDir() {
			continue
		}
		text, err := templates.ReadFile(path.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(entry.Name(), ".txt")
		if err := os.WriteFile(filepath.Join(f.Dir, name), []byte(words.Replace(string(text))), 0o644); err != nil { //nolint:gosec // as above
			return nil, err
		}
		written = append(written, name)
	}
	return written, nil
}

// unpack writes the language's SDK: for Go the whole module, for the others their directory.
func (f Filter) unpack() error {
	to := filepath.Join(f.Dir, "sdk")
	under := map[toolchain.Language]string{
		toolchain.Rust: "rust", toolchain.C: "c", toolchain.AssemblyScript: "assemblyscript",
	}[f.Language]
	if under != "" {
		return archive.Unpack(Packed(), under, filepath.Join(to, under), nil)
	}
	return archive.Unpack(Packed(), "", to, func(name string) bool {
		return name == "go.mod" || strings.HasSuffix(name, ".go")
	})
}
