package watch

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader is a config loader in miniature: it reads its files each time it is called.
type reader struct {
	t     *testing.T
	paths []string
	state atomic.Pointer[State]
	// refuses makes it keep its first state, as a config does that finds an error.
	refuses bool
	calls   chan string // what the first file held at each call
}

func newReader(t *testing.T, paths ...string) *reader {
	r := &reader{t: t, paths: paths, calls: make(chan string, 100)}
	r.load()
	return r
}

func (r *reader) load() string {
	state := State{}
	var first string
	for i, path := range r.paths {
		data, err := state.Read(path)
		if i == 0 {
			first = string(data)
			if err != nil {
				first = "missing"
			}
		}
	}
	if !r.refuses {
		r.state.Store(&state)
	}
	return first
}

func (r *reader) loaded() State { return *r.state.Load() }
func (r *reader) changed()      { r.calls <- r.load() }

// start runs a Watcher until the test ends.
func (r *reader) start() *Watcher {
	w := New(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx, r.loaded, r.changed)
	}()
	r.t.Cleanup(func() { cancel(); <-done })
	return w
}

// see waits for a call that found this content. Others may come before: a slow machine
// can make two changes of one.
func (r *reader) see(want string) {
	r.t.Helper()
	deadline := time.After(10 * time.Second) // well below poll: the kernel must tell
	for {
		select {
		case got := <-r.calls:
			if got == want {
				return
			}
		case <-deadline:
			r.t.Fatalf("no call saw %q", want)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWatcherSeesEachWayToReplaceAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "dbmesh.yaml")
	write(t, path, "first")
	r := newReader(t, path)
	r.start()

	write(t, path, "written in place")
	r.see("written in place")

	write(t, path+".new", "renamed onto")
	must(t, os.Rename(path+".new", path))
	r.see("renamed onto")

	must(t, os.Remove(path))
	r.see("missing")
	write(t, path, "back")
	r.see("back")

	must(t, os.Rename(dir, dir+".old"))
	r.see("missing")
	must(t, os.Mkdir(dir, 0o700))
	write(t, path, "new directory")
	r.see("new directory")
	write(t, path, "and still watched")
	r.see("and still watched")
}

func TestWatcherSeesASwapOfAConfigMap(t *testing.T) {
	dir := t.TempDir()
	version := func(name, content string) {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		write(t, filepath.Join(dir, name, "dbmesh.yaml"), content)
		must(t, os.Symlink(name, filepath.Join(dir, "..data_tmp")))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	version("..2026_1", "one")
	path := filepath.Join(dir, "dbmesh.yaml")
	must(t, os.Symlink(filepath.Join("..data", "dbmesh.yaml"), path))
	r := newReader(t, path)
	r.start()
	for i := 2; i < 6; i++ {
		content := fmt.Sprint("version ", i)
		version(fmt.Sprint("..2026_", i), content)
		r.see(content)
		must(t, os.RemoveAll(filepath.Join(dir, fmt.Sprint("..2026_", i-1))))
	}
}

func TestWatcherSeesAFileBehindASymlinkToElsewhere(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "real.yaml")
	write(t, elsewhere, "one")
	path := filepath.Join(dir, "dbmesh.yaml")
	must(t, os.Symlink(elsewhere, path))
	r := newReader(t, path)
	r.start()
	write(t, elsewhere, "two")
	r.see("two")
}

func TestWatcherSeesWhatChangedBeforeItRan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dbmesh.yaml")
	write(t, path, "one")
	r := newReader(t, path)
	write(t, path, "two")
	r.start()
	r.see("two")
}

func TestWatcherFollowsFilesThatAChangeBrought(t *testing.T) {
	dir := t.TempDir()
	path, cert := filepath.Join(dir, "dbmesh.yaml"), filepath.Join(t.TempDir(), "not", "yet", "cert.pem")
	write(t, path, "one")
	r := newReader(t, path)
	r.paths = append(r.paths, cert) // from the next load on
	r.start()
	write(t, path, "two")
	r.see("two")
	must(t, os.MkdirAll(filepath.Dir(cert), 0o700))
	write(t, cert, "certificate")
	r.see("two")
}

func TestWatcherSeesARelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "dbmesh.yaml", "one")
	r := newReader(t, "dbmesh.yaml")
	r.start()
	write(t, "dbmesh.yaml", "two")
	r.see("two")
}

func TestKickCallsWithoutAChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dbmesh.yaml")
	write(t, path, "one")
	r := newReader(t, path)
	r.start().Kick()
	r.see("one")
}

func TestStateRefusesWhatIsNotARegularFile(t *testing.T) {
	s := State{}
	if _, err := s.Read(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
	if _, err := s.Read("/dev/null"); err == nil {
		t.Error("a device was read")
	}
	if len(s) != 2 {
		t.Errorf("%d paths are recorded, want 2", len(s))
	}
}

// lister is a directory's reader: the names that it holds.
func lister(t *testing.T, dir string) (loaded func() State, changed func(), calls chan []string) {
	var state atomic.Pointer[State]
	calls = make(chan []string, 100)
	load := func() []string {
		s := State{}
		names, err := s.List(dir)
		if err != nil {
			names = []string{"missing"}
		}
		for _, name := range names {
			_, _ = s.Read(filepath.Join(dir, name))
		}
		state.Store(&s)
		return names
	}
	load()
	return func() State { return *state.Load() }, func() { calls <- load() }, calls
}

func TestADirectorysComingsAndGoingsAreSeen(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "filters")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	loaded, changed, calls := lister(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		NewEvery(slog.New(slog.DiscardHandler), time.Hour).Run(ctx, loaded, changed)
	}()
	t.Cleanup(func() { cancel(); <-done })
	steps := []struct {
		do   func() error
		want string
	}{
		{func() error { return os.WriteFile(filepath.Join(dir, "a"), []byte("1"), 0o600) }, "[a]"},
		{func() error { return os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b")) }, "[b]"},
		{func() error { return os.WriteFile(filepath.Join(dir, "b"), []byte("2"), 0o600) }, "[b]"},
		{func() error { return os.Rename(dir, dir+".old") }, "[missing]"},
		{func() error { return os.Rename(dir+".old", dir) }, "[b]"},
		{func() error { return os.Remove(filepath.Join(dir, "b")) }, "[]"},
	}
	for i, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		deadline := time.After(10 * time.Second)
		for got := ""; got != step.want; {
			select {
			case names := <-calls:
				got = fmt.Sprint(names)
			case <-deadline:
				t.Fatalf("step %d: saw %s, want %s", i, got, step.want)
			}
		}
	}
}

func TestAPipeAndAHugeFileAreNotRead(t *testing.T) {
	dir := t.TempDir()
	pipe, huge := filepath.Join(dir, "pipe"), filepath.Join(dir, "huge")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, huge, "")
	if err := os.Truncate(huge, MaxFile+1); err != nil {
		t.Fatal(err)
	}
	s := State{}
	for _, path := range []string{pipe, huge, dir} {
		if _, err := s.Read(path); err == nil || s[path] != (Sum{}) {
			t.Errorf("%s: error %v, recorded as %v", path, err, s[path])
		}
	}
	plain := filepath.Join(dir, "plain")
	write(t, plain, "text")
	if _, err := s.Read(plain); err != nil || s[plain] == (Sum{}) {
		t.Errorf("a plain file: %v", err)
	}
	if !s.now().equal(s) {
		t.Errorf("%v is now %v", s, s.now())
	}
}
