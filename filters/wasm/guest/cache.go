package guest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// A cache entry is a directory named by its key. It holds the metered module, wazero's own
// directory with the machine code, and sums of both, which are written last.
const (
	entryModule = "module.wasm"
	entrySums   = "sums"
	// keptEntries is how many modules the cache keeps, those used last.
	keptEntries = 64
)

// openCache makes the directory and refuses one that is not ours alone.
func openCache(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("compile cache: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("compile cache: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("compile cache: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return "", fmt.Errorf("compile cache %s: others can write there (mode %#o), and what is in it is run as it stands: chmod 700 it", dir, mode)
	}
	if !owned(info) {
		return "", fmt.Errorf("compile cache %s: it belongs to another user, and what is in it is run as it stands", dir)
	}
	return dir, checkParents(dir)
}

// checkParents refuses a directory that anybody may move away and put another in its place.
// A group's is left to the group: homes are often so.
func checkParents(dir string) error {
	for at := filepath.Dir(dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("compile cache: %w", err)
		}
		if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
			return fmt.Errorf("compile cache %s: everybody can write in %s and so put another in its place", dir, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// cacheKey says what machine code depends on, but for what wazero itself looks at.
func cacheKey(source []byte, caps module.Caps) string {
	h := sha256.New()
	h.Write(source)
	fmt.Fprintf(h, "\x00%s %s %s %s %+v", module.Version, wazeroVersion(), runtime.GOOS, runtime.GOARCH, caps)
	return hex.EncodeToString(h.Sum(nil))
}

func wazeroVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/tetratelabs/wazero" {
				return d.Version
			}
		}
	}
	return "unknown"
}

// sums lists the files of an entry with their checksums, as sha256sum does.
func sums(dir string) ([]byte, error) {
	var list bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == entrySums {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, bufio.NewReaderSize(f, 1<<20)); err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		fmt.Fprintf(&list, "%x  %s\n", h.Sum(nil), name)
		return err
	})
	return list.Bytes(), err
}

// look gives the metered module of an entry that is whole, else nil. A broken one is removed:
// wazero would trust the numbers in it before it compares its own sum.
func look(entry string) []byte {
	want, err := os.ReadFile(filepath.Join(entry, entrySums))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if have, sumErr := sums(entry); err == nil && sumErr == nil && len(have) > 0 && bytes.Equal(have, want) {
		if metered, err := os.ReadFile(filepath.Join(entry, entryModule)); err == nil {
			now := time.Now()
			_ = os.Chtimes(entry, now, now) // at worst it is dropped sooner
			return metered
		}
	}
	_ = os.RemoveAll(entry) // if it stays it is found broken again
	return nil
}

// seal finishes an entry that was written to dir and puts it in its place.
func seal(dir, entry string, metered []byte) error {
	if err := os.WriteFile(filepath.Join(dir, entryModule), metered, 0o600); err != nil {
		return err
	}
	list, err := sums(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, entrySums), list, 0o600); err != nil {
		return err
	}
	_ = os.RemoveAll(entry)
	return os.Rename(dir, entry)
}

// prune removes the entries that were not used for longest, and what a crash left behind. The
// directory may be one that has other things in it: those stay.
func prune(dir string) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	type old struct {
		path string
		used time.Time
	}
	var entries []old
	for _, d := range all {
		info, err := d.Info()
		if err != nil || !d.IsDir() {
			continue
		}
		path := filepath.Join(dir, d.Name())
		if strings.HasPrefix(d.Name(), unfinished) {
			if time.Since(info.ModTime()) > time.Hour {
				_ = os.RemoveAll(path)
			}
			continue
		}
		if key, err := hex.DecodeString(d.Name()); err != nil || len(key) != sha256.Size {
			continue
		}
		entries = append(entries, old{path, info.ModTime()})
	}
	slices.SortFunc(entries, func(a, b old) int { return b.used.Compare(a.used) })
	for _, e := range entries[min(keptEntries, len(entries)):] {
		_ = os.RemoveAll(e.path)
	}
}

// unfinished begins the names of directories that are still written to.
const unfinished = "dbmesh-unfinished-"
