package wasm_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/watch"
	"github.com/dbmesh/dbmesh/filters/wasm"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

const del, drop = "DELETE FROM t", "DROP TABLE t"

func TestADirectorysFiltersComeByNameBehindThoseOfTheConfig(t *testing.T) {
	p := newProcess(t)
	p.put(map[string]string{
		"b.wasm": string(denies("delete", "b")), "a.wasm": string(denies("delete", "a")), "z.wasm": string(denies("delete", "z")),
		"notes.txt": "no filter", ".hidden.wasm": "no filter", ".wasm": "no filter",
	})
	p.mustLoad("dir: filters\nfilters: [{name: z}]\n")
	if got := p.links(); got != "wasm/z wasm/a wasm/b" {
		t.Error(got)
	}
	if got := p.asks(del); got != "deny z" {
		t.Error(got)
	}
}

func TestFilesThatComeAndGoAreFollowed(t *testing.T) {
	p := newProcess(t)
	p.mustLoad("dir: filters\n")
	steps := []struct {
		name string
		do   func()
		want string
	}{
		{"add", func() { p.put(map[string]string{"a.wasm": string(denies("delete", "1"))}) }, "wasm/a: deny 1"},
		{"replace", func() { p.put(map[string]string{"a.wasm": string(denies("delete", "2"))}) }, "wasm/a: deny 2"},
		{"add before", func() { p.put(map[string]string{"0.wasm": string(denies("delete", "0"))}) }, "wasm/0 wasm/a: deny 0"},
		{"remove", func() { p.remove("0.wasm") }, "wasm/a: deny 2"},
		{"rename", func() {
			if err := os.Rename(p.filters("a.wasm"), p.filters("c.wasm")); err != nil {
				t.Fatal(err)
			}
		}, "wasm/c: deny 2"},
		{"remove the last", func() { p.remove("c.wasm") }, ": go on"},
	}
	for _, s := range steps {
		s.do()
		if !p.change() {
			t.Errorf("%s: the chains were not rebuilt", s.name)
		}
		if got := p.links() + ": " + p.asks(del); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
	}
	if p.put(map[string]string{"other.tmp": "x"}); p.change() {
		t.Error("a neighbour's coming rebuilt the chains")
	}
}

func TestWhatCanNotBeLoadedLeavesTheOldOneInForce(t *testing.T) {
	good := string(denies("delete", "good"))
	for name, bad := range map[string]string{
		"half written": good[:len(good)/2], "empty": "", "no module": "hello", "a page more": good + "\x00\x7f",
		"an unknown import": string(unknownImport()),
	} {
		p := newProcess(t)
		p.put(map[string]string{"a.wasm": good, "b.wasm": string(denies("drop", "b"))})
		p.mustLoad("dir: filters\n")
		first := p.filter("a")
		p.put(map[string]string{"a.wasm": bad})
		p.change()
		if got := p.asks(del, drop); got != "deny good; deny b" {
			t.Errorf("%s: %s", name, got)
		}
		now := p.filter("a")
		if now.State != wasm.Held || now.Refused == nil || now.Refused.Reason == "" || now.Refused.At.IsZero() || now.Hash != first.Hash || now.Generation != first.Generation {
			t.Errorf("%s: %+v", name, now)
		}
		if got := p.metric("dbmesh_wasm_refused", "a"); got != 1 {
			t.Errorf("%s: refused is %v", name, got)
		}
		if !strings.Contains(p.log.String(), "filter refused") {
			t.Errorf("%s: the log has %s", name, p.log.String())
		}
		if p.change() {
			t.Errorf("%s: it was tried again without a change", name)
		}
		p.put(map[string]string{"a.wasm": good}) // the old one is put back
		if p.change(); p.filter("a").State != wasm.Running || !strings.Contains(p.log.String(), "filter is what its files say again") {
			t.Errorf("%s: %+v, the log has %s", name, p.filter("a"), p.log.String())
		}
		p.put(map[string]string{"a.wasm": string(denies("delete", "better"))}) // the rest has come
		p.change()
		if now = p.filter("a"); p.asks(del) != "deny better" || now.State != wasm.Running || now.Refused != nil || now.Generation != first.Generation+1 {
			t.Errorf("%s: %s, %+v", name, p.asks(del), now)
		}
	}
}

func TestAFilterThatNeverCouldBeLoadedIsLeftOutLoudly(t *testing.T) {
	p := newProcess(t)
	p.put(map[string]string{"bad.wasm": "hello", "good.wasm": string(denies("delete", "good"))})
	p.mustLoad("dir: filters\n")
	if got := p.links() + ": " + p.asks(del); got != "wasm/good: deny good" {
		t.Error(got)
	}
	if f := p.filter("bad"); f.State != wasm.LeftOut || f.Refused == nil || !strings.Contains(p.log.String(), "filter=bad") {
		t.Errorf("%+v, log %s", f, p.log.String())
	}
	p.mustLoad("dir: filters\n") // a reload of the config is no way around it, nor a reason to fail
	p.remove("bad.wasm")
	p.change()
	if n := len(p.store.Filters()); n != 1 {
		t.Errorf("%d filters are shown", n)
	}
}

func TestAFilterThatTheConfigNamesStaysWhenItsFileGoes(t *testing.T) {
	p := newProcess(t)
	p.put(map[string]string{"a.wasm": string(denies("delete", "a"))})
	p.mustLoad("dir: filters\nfilters: [{name: a}]\n")
	p.remove("a.wasm")
	p.change()
	if f := p.filter("a"); p.asks(del) != "deny a" || f.State != wasm.Held || !strings.Contains(f.Refused.Reason, "no such file") {
		t.Errorf("%s, %+v", p.asks(del), f)
	}
	if err := p.load("dir: filters\nfilters: [{name: a}]\n"); err == nil || !strings.Contains(err.Error(), ":9: chains[0].links[0].filters[0].name: ") {
		t.Errorf("a config that names it: %v", err)
	}
	if p.asks(del) != "deny a" {
		t.Error("a refused config changed the chain")
	}
}

func TestADirectoryThatGoesAwayTakesNoFilterWithIt(t *testing.T) {
	p := newProcess(t)
	p.put(map[string]string{"a.wasm": string(denies("delete", "a"))})
	p.mustLoad("dir: filters\n")
	if err := os.Rename(p.filters(), p.filters()+".old"); err != nil {
		t.Fatal(err)
	}
	p.change()
	if f := p.filter("a"); p.asks(del) != "deny a" || f.State != wasm.Held {
		t.Errorf("%s, %+v", p.asks(del), f)
	}
	if err := os.Rename(p.filters()+".old", p.filters()); err != nil {
		t.Fatal(err)
	}
	p.change()
	if f := p.filter("a"); p.asks(del) != "deny a" || f.State != wasm.Running || !strings.Contains(p.log.String(), "filters are what their files say again") {
		t.Errorf("%s, %+v, log %s", p.asks(del), f, p.log.String())
	}
}

// A ConfigMap is a directory of links into ..data, itself a link that is swapped.
func TestAConfigMapsSwapIsFollowed(t *testing.T) {
	p := newProcess(t)
	version := func(name, message string) {
		must(t, os.Mkdir(p.filters(name), 0o700))
		put(t, p.filters(name), map[string]string{"a.wasm": string(denies("delete", message))})
		must(t, os.Symlink(name, p.filters("..next")))
		must(t, os.Rename(p.filters("..next"), p.filters("..data")))
	}
	version("..1", "first")
	must(t, os.Symlink(filepath.Join("..data", "a.wasm"), p.filters("a.wasm")))
	p.mustLoad("dir: filters\n")
	if got := p.links() + ": " + p.asks(del); got != "wasm/a: deny first" {
		t.Fatal(got)
	}
	version("..2", "second")
	p.change()
	if got := p.asks(del); got != "deny second" {
		t.Error(got)
	}
}

func TestPipesDirectoriesAndHugeFilesAreRefused(t *testing.T) {
	p := newProcess(t)
	must(t, syscall.Mkfifo(p.filters("pipe.wasm"), 0o600))
	must(t, os.Mkdir(p.filters("folder.wasm"), 0o700))
	p.put(map[string]string{"huge.wasm": "", "long.wasm": string(long())})
	must(t, os.Truncate(p.filters("huge.wasm"), watch.MaxFile+1))
	p.mustLoad("dir: filters\nmodule_size: 1MiB\n")
	for name, want := range map[string]string{
		"pipe": "not a regular file", "folder": "not a regular file", "huge": "bytes", "long": "module_size of 1MiB",
	} {
		if f := p.filter(name); f.State != wasm.LeftOut || !strings.Contains(f.Refused.Reason, want) {
			t.Errorf("%s: %+v", name, f.Refused)
		}
	}
	p.mustLoad("dir: filters\nmodule_size: 4MiB\n")
	if got := p.asks(del); got != "deny long" {
		t.Error(got)
	}
}

// long is a module of two MiB.
func long() []byte {
	m := w.Guest()
	m.Hook(abi.HookQuery, nil, when("delete", m.Deny(w.GuestFree, 1105, "HY000", "long")))
	m.Custom("padding", strings.Repeat("x", 2<<20))
	return m.Build()
}

func TestARebuildReusesWhatHasNotChanged(t *testing.T) {
	p := newProcess(t)
	p.put(map[string]string{"a.wasm": string(denies("delete", "a")), "b.wasm": string(denies("drop", "b"))})
	p.mustLoad("dir: filters\n")
	if got := p.metric("dbmesh_wasm_loads_total", "ok"); got != 2 {
		t.Errorf("%v loads", got)
	}
	p.mustLoad("dir: filters\n")
	p.put(map[string]string{"b.wasm": string(denies("drop", "b2"))})
	p.change()
	if got := p.metric("dbmesh_wasm_loads_total", "ok"); got != 3 || p.filter("a").Generation != 1 || p.filter("b").Generation != 2 {
		t.Errorf("%v loads, generations %d and %d", got, p.filter("a").Generation, p.filter("b").Generation)
	}
	p.mustLoad("dir: filters\nmode: monitor\n")
	if got := p.metric("dbmesh_wasm_loads_total", "ok"); got != 5 || p.asks(del) != "go on" {
		t.Errorf("%v loads, %s", got, p.asks(del))
	}
}

// The whole way, with the kernel's events: copied, and in force.
func TestACopiedFileIsInForceSoon(t *testing.T) {
	p := newProcess(t)
	p.mustLoad("dir: filters\n")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.store.Run(ctx, func() error { return p.build(p.cfg, true) })
	}()
	t.Cleanup(func() { cancel(); <-done })
	start := time.Now()
	p.put(map[string]string{"a.wasm": string(denies("delete", "soon"))})
	asks := func() string {
		ch := p.chain.Acquire()
		defer ch.Release()
		v, _ := command(ch, session(), core.Query, del)
		return says(v)
	}
	// The load asked for a look of its own, so an early one may find the file half written.
	for asks() != "deny soon" {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("%s after %v", asks(), time.Since(start))
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("%v from copy to effect", time.Since(start))
}
