package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// folder is a temporary directory that its owner's lock keeps alive. One whose
// owner was killed holds no lock any more, and the next start removes it.
type folder struct {
	path string
	lock *os.File
}

const folderPrefix = "dbmesh-servers-"

// newFolder stays away from t.TempDir: a unix socket's path must fit into 107
// characters, and a killed test would leave its data there for good.
func newFolder() (*folder, error) {
	parent := os.TempDir()
	if len(parent) > 40 {
		parent = "/tmp"
	}
	sweep(parent)
	path, err := os.MkdirTemp(parent, folderPrefix)
	if err != nil {
		return nil, fmt.Errorf("make a server's folder: %w", err)
	}
	// Locked under another name first: a sweep never sees it unlocked.
	lock, err := os.Create(filepath.Join(path, "lock.new"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	f := &folder{path: path, lock: lock}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = os.Rename(lock.Name(), f.file("lock"))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock a server's folder: %w", err), f.remove())
	}
	return f, nil
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

func (f *folder) remove() error {
	return errors.Join(os.RemoveAll(f.path), f.lock.Close())
}

// sweep removes folders of dead owners. What it cannot read or remove, another
// user's for one, it leaves alone.
func sweep(parent string) {
	found, err := filepath.Glob(filepath.Join(parent, folderPrefix+"*"))
	if err != nil {
		return
	}
	for _, path := range found {
		lock, err := os.Open(filepath.Join(path, "lock"))
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(path)
		}
		_ = lock.Close()
	}
}

// cacheFolder is where what is slow to make stays between test runs:
// $XDG_CACHE_HOME/dbmesh or ~/.cache/dbmesh, on every system.
func cacheFolder() (string, error) {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the cache folder: %w", err)
		}
		base = filepath.Join(home, ".cache")
	}
	path := filepath.Join(base, "dbmesh")
	if err := os.MkdirAll(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	return path, nil
}
