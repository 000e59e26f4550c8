// Package watch notices that files have changed: configs, certificates, secrets, modules.
package watch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// MaxFile is the most bytes of a file that are read. A longer one is as one that can't be
// read: whoever may write into a watched directory shall not fill the memory.
const MaxFile = 16 << 20

// Sum stands for a file's content. The zero Sum stands for a file that can't be read.
type Sum [sha256.Size]byte

// State is what files held when somebody used them, by path; a path that ends with a
// separator is a directory's, whose content is its entries' names. Whoever reads files
// through it can hand it to Run later, so that no change between the reading and the watching
// is lost. It belongs to one goroutine until it is handed over; nobody writes to it after.
type State map[string]Sum

// Read reads a regular file and records what it held, also if it can't be read: then a
// later appearance of the file is a change. The bytes belong to the caller.
func (s State) Read(path string) ([]byte, error) {
	data, err := read(path)
	if err != nil {
		s[path] = Sum{}
		return nil, err
	}
	s[path] = sha256.Sum256(data)
	return data, nil
}

// List gives the names of a directory's entries in order and records them, also if it
// can't be read. Of what the entries hold it records nothing.
func (s State) List(dir string) ([]string, error) {
	path := filepath.Clean(dir) + string(filepath.Separator)
	entries, err := os.ReadDir(path)
	if err != nil {
		s[path] = Sum{}
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	slices.Sort(names)
	s[path] = sha256.Sum256([]byte(strings.Join(names, "\x00")))
	return names, nil
}

// now gives the state of the same files at this moment.
func (s State) now() State {
	current := make(State, len(s))
	for path := range s {
		if strings.HasSuffix(path, string(filepath.Separator)) {
			_, _ = current.List(path)
		} else {
			current[path] = sum(path)
		}
	}
	return current
}

func (s State) equal(other State) bool { return maps.Equal(s, other) }

// sum is what Read would record. It holds no more than a piece of the file at a time: it runs
// again and again, and files may be large.
func sum(path string) (s Sum) {
	f, err := open(path)
	if err != nil {
		return s
	}
	defer f.Close()
	h := sha256.New()
	if n, err := io.Copy(h, io.LimitReader(f, MaxFile+1)); err != nil || n > MaxFile {
		return s
	}
	h.Sum(s[:0])
	return s
}

func read(path string) ([]byte, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = tooLong(path)
	}
	return data, err
}

// open refuses pipes and devices: reading one may wait for ever, and twice the same content
// is never in it.
func open(path string) (*os.File, error) {
	if err := regular(os.Stat(path)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe may have come in its place
	if err != nil {
		return nil, err
	}
	if err := regular(f.Stat()); err != nil {
		_ = f.Close() // it was only read
		return nil, err
	}
	return f, nil
}

func regular(info os.FileInfo, err error) error {
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", info.Name())
	case info.Size() > MaxFile:
		return tooLong(info.Name())
	}
	return nil
}

func tooLong(name string) error { return fmt.Errorf("%s has more than %d bytes", name, MaxFile) }
