package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// installWait bounds the making of a data directory, on a machine under load.
const installWait = 3 * time.Minute

// logSize is small so that a data directory is 26 MB, not 114: each server gets
// a copy of its own.
const logSize = "--innodb-log-file-size=8M"

const installServers = "scripts/install-servers.sh"

var versionNumber = regexp.MustCompile(`Ver ([^ ]+)`)

// program finds a server's program; Debian keeps it where only root looks.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	path := filepath.Join("/usr/sbin", name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return "", &MissingError{Program: name, Remedy: installServers}
}

// dataTemplate gives an initialised data directory for this MariaDB. The first
// caller of all processes makes it, and the others wait for it.
func dataTemplate(mariadbd string) (string, error) {
	text, err := exec.Command(mariadbd, "--no-defaults", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask mariadbd for its version: %w", err)
	}
	version := versionNumber.FindSubmatch(text)
	if version == nil {
		return "", fmt.Errorf("no version in %q", text)
	}
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "mariadb-tmpl-"+string(version[1]))
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, install(path)
}

func install(path string) error {
	installer, err := program("mariadb-install-db")
	if err != nil {
		return err
	}
	// Made elsewhere and renamed: a half-made one is never taken for a template.
	made := path + ".new"
	if err := os.RemoveAll(made); err != nil {
		return fmt.Errorf("remove a half-made template: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), installWait)
	defer cancel()
	args := append([]string{"--no-defaults"}, asRoot()...)
	args = append(args, "--datadir="+made, "--auth-root-authentication-method=normal",
		"--skip-test-db", "--skip-name-resolve", logSize)
	if out, err := exec.CommandContext(ctx, installer, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("make MariaDB's data directory: %w: %.2000s", err, out)
	}
	if err := os.Rename(made, path); err != nil {
		return fmt.Errorf("keep the template: %w", err)
	}
	return nil
}

// ed25519 loads the plugin, which is in a package of its own and may be missing:
// then accounts with it cannot be made.
func ed25519() []string {
	const plugin = "auth_ed25519.so"
	if _, err := os.Stat(filepath.Join("/usr/lib/mysql/plugin", plugin)); err == nil {
		return []string{"--plugin-load-add=auth_ed25519"}
	}
	cache, err := cacheFolder()
	if err != nil {
		return nil
	}
	unpacked := filepath.Join(cache, "mariadb-plugins") // where install-servers.sh puts it
	if _, err := os.Stat(filepath.Join(unpacked, plugin)); err != nil {
		return nil
	}
	return []string{"--plugin-dir=" + unpacked, "--plugin-load-add=auth_ed25519"}
}

// asRoot is the flag without which MariaDB's programs refuse to run as root.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}

func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open a lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
