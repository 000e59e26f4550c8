package watch

import (
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// watched keeps the kernel's watches in step with the files. Directories are watched, not
// files: a watch on a file ends when the file is replaced.
type watched struct{ notify *fsnotify.Watcher }

func (w watched) set(files State) {
	want := make(map[string]bool)
	for path := range files {
		w.add(filepath.Dir(path), want) // of a directory, whose path ends with a separator: itself
		w.add(filepath.Dir(filepath.Clean(path)), want)
		w.add(filepath.Dir(resolve(path)), want)
	}
	for _, dir := range w.notify.WatchList() {
		if !want[dir] {
			_ = w.notify.Remove(dir) // fails only for a watch that has just ended by itself
		}
	}
}

// add watches dir, or while it is missing the nearest directory above, where it will
// appear. Adding again is free, and renews a watch whose directory was replaced.
func (w watched) add(dir string, want map[string]bool) {
	for !want[dir] {
		if w.notify.Add(dir) == nil {
			want[dir] = true
			return
		}
		up := filepath.Dir(dir)
		if up == dir {
			return
		}
		dir = up
	}
}

// resolve follows symlinks; a path that leads nowhere is given back as it is.
func resolve(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}
