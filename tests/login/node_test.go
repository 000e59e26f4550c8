package login

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// nodeFolder gives a folder outside the tree with client.js and the packages that the
// lock file names, installed at the first use of that lock file.
func nodeFolder() (string, error) {
	lock, err := os.ReadFile(filepath.Join("node", "package-lock.json"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	folder := filepath.Join(cache, "dbmesh", "node-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "mysql2")); err != nil {
		if err := install(folder); err != nil {
			return "", err
		}
	}
	return folder, copyInto(folder, "client.js")
}

func install(folder string) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	// Made elsewhere and renamed: a half-made one is never taken for a whole one.
	made, err := os.MkdirTemp(filepath.Dir(folder), "node-new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(made)
	if err := copyInto(made, "package.json", "package-lock.json"); err != nil {
		return err
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = made
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %.500s", err, out)
	}
	if err := os.Rename(made, folder); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

func copyInto(folder string, names ...string) error {
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("node", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
