// Package watch notices that files have changed: configs, certificates, secrets, modules.
package watch

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
)

// Sum stands for a file's content. The zero Sum stands for a file that can't be read.
type Sum [sha256.Size]byte

// State is what files held when somebody used them, by path. Whoever reads files through
// it can hand it to Run later, so that no change between the reading and the watching is
// lost. It belongs to one goroutine until it is handed over; nobody writes to it after.
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

// now gives the state of the same files at this moment.
func (s State) now() State {
	current := make(State, len(s))
	for path := range s {
		_, _ = current.Read(path)
	}
	return current
}

func (s State) equal(other State) bool { return maps.Equal(s, other) }

// read refuses pipes and devices: reading one may wait for ever, and twice the same
// content is never in it.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	return os.ReadFile(path)
}
