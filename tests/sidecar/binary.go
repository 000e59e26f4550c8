package sidecar

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// BinaryVariable names the environment variable with the path of a dbmesh to test,
// instead of one that is built from this tree.
const BinaryVariable = "DBMESH_TEST_BINARY"

// Binary gives the path of the command, built once per process and kept in the user's
// cache: the next build of unchanged sources takes no link.
var Binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(BinaryVariable); path != "" {
		return path, nil
	}
	return Build("")
})

// Build builds the command with a build tag, "" for none, and gives its path.
func Build(tag string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the binary: %w", err)
	}
	folder := filepath.Join(cache, "dbmesh", "sidecar")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("make a place for the binary: %w", err)
	}
	// Test packages run at once, and would build into each other's file.
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", fmt.Errorf("lock the binary: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock the binary: %w", err)
	}
	path := filepath.Join(folder, "dbmesh"+tag)
	cmd := exec.Command("go", "build", "-buildvcs=false", "-tags", tag, "-o", path, "./cmd/dbmesh")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build dbmesh: %w: %s", err, trim(out))
	}
	return path, nil
}

// Root finds the repository's directory from any directory inside it.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "cmd", "dbmesh", "main.go")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("this test must run inside a clone of dbmesh")
		}
		dir = parent
	}
}
