package wasm_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// Statements are judged all the time while the filter is replaced: each gets the verdict of
// one generation or another, and in the end nothing is left of the old ones.
func TestSwapsUnderLoadLoseNoStatementAndGiveTheirMemoryBack(t *testing.T) {
	p := newProcess(t)
	p.put(map[string]string{"a.wasm": string(denies("delete", "generation 0"))})
	p.mustLoad("dir: filters\n")
	var wrong atomic.Value
	var asked atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s := session()
			for {
				select {
				case <-stop:
					return
				default:
				}
				ch := p.chain.Acquire()
				v, c := command(ch, s, core.Query, del)
				ch.Done(c, &core.Outcome{})
				ch.Release()
				asked.Add(1)
				if got := says(v); !strings.HasPrefix(got, "deny generation ") {
					wrong.Store(got)
				}
			}
		})
	}
	const swaps = 40
	for i := 1; i <= swaps; i++ {
		p.put(map[string]string{"a.wasm": string(denies("delete", fmt.Sprintf("generation %d", i)))})
		p.change()
	}
	close(stop)
	all.Wait()
	if bad := wrong.Load(); bad != nil || asked.Load() < swaps {
		t.Errorf("%v; %d statements", bad, asked.Load())
	}
	if got := p.asks(del); got != fmt.Sprintf("deny generation %d", swaps) || p.filter("a").Generation != swaps+1 {
		t.Errorf("%s, generation %d", got, p.filter("a").Generation)
	}
	p.remove("a.wasm")
	p.change()
	p.chain.Close()
	p.chain = nil
	if got := p.metric("dbmesh_wasm_memory_bytes", ""); got != 0 {
		t.Errorf("%v bytes are left", got)
	}
}

// Of two generations there must be room for both, else the old one stays.
func TestAFilterForWhichThereIsNoRoomLeavesTheOldOne(t *testing.T) {
	p := newProcessOf(t, 5*w.GuestPages*64<<10/4) // room for one instance and a bit
	p.put(map[string]string{"a.wasm": string(denies("delete", "old"))})
	p.mustLoad("dir: filters\ninstances: 1\n")
	p.put(map[string]string{"a.wasm": string(denies("delete", "new"))})
	p.change()
	if f := p.filter("a"); p.asks(del) != "deny old" || f.State != wasm.Held || !strings.Contains(f.Refused.Reason, "memory") {
		t.Errorf("%s, %+v", p.asks(del), f.Refused)
	}
}

// What a filter keeps, with sessions and for all, outlives its generations.
func TestANewGenerationFindsWhatTheOldOneKept(t *testing.T) {
	p := newProcess(t)
	version := func(message string) string {
		m := w.Guest("kv_incr")
		m.Data(w.GuestFree+100, "n")
		at := w.I32(w.GuestBlock)
		m.Hook(abi.HookQuery, nil,
			at+at+w.Load32+w.At(abi.AtSlot)+w.I32(1)+w.I32Add+w.Store32+w.At(abi.AtSlot),
			w.I32(w.GuestFree+100)+w.I32(1)+w.I64(1)+w.I64(0)+m.Host("kv_incr")+w.I64(3)+w.I64Eq,
			at+w.Load32+w.At(abi.AtSlot)+w.I32(3)+w.I32Eq+w.I32And+
				w.IfOf(w.Int64, m.Deny(w.GuestFree, 1105, "HY000", message), w.I64(0)))
		return string(m.Build())
	}
	p.put(map[string]string{"a.wasm": version("first")})
	p.mustLoad("dir: filters\ngrant: [kv]\n")
	s := session()
	ask := func() string {
		ch := p.chain.Acquire()
		defer ch.Release()
		v, _ := command(ch, s, core.Query, "SELECT 1")
		return says(v)
	}
	before := ask() + ", " + ask()
	p.put(map[string]string{"a.wasm": version("second")})
	p.change()
	if after := ask(); before != "go on, go on" || after != "deny second" {
		t.Errorf("%s, then %s", before, after)
	}
	if got := p.metric("dbmesh_wasm_calls_total", "on_query"); got != 3 {
		t.Errorf("%v calls are counted", got)
	}
}

// passthrough is a link that does not go with one that switches pools.
type passthrough struct{}

func (passthrough) Passthrough() bool { return true }
func (passthrough) OnConnect(context.Context, *core.Session) (core.Verdict, error) {
	return core.Continue(), nil
}

func TestAFilterThatTheChainCanNotHaveLeavesTheChainAsItIs(t *testing.T) {
	p := newProcess(t)
	p.builder.Registry["auth"] = core.Kind{New: func(string, core.Decode) (core.Filter, error) { return passthrough{}, nil }}
	p.put(map[string]string{"a.wasm": string(denies("delete", "a")), "a.filter.yaml": "capabilities: []\n"})
	p.mustLoad("dir: filters\ngrant: [route]\n\n  - kind: auth\n")
	m := w.Guest()
	m.Hook(abi.HookQuery, nil, w.I64(0))
	p.put(map[string]string{"switches.wasm": string(m.Build())})
	p.change()
	if got := p.store.LastError(); !strings.Contains(got, "links[0]") || !strings.Contains(got, "passthrough") {
		t.Errorf("the last error is %q", got)
	}
	if got := p.links() + ": " + p.asks(del); got != "wasm/a auth: deny a" || !strings.Contains(p.log.String(), "the old ones stay") {
		t.Errorf("%s; log %s", got, p.log.String())
	}
	p.remove("switches.wasm")
	if p.change(); p.store.LastError() != "" {
		t.Errorf("the last error stays: %s", p.store.LastError())
	}
	p.put(map[string]string{"b.wasm": string(denies("drop", "b")), "b.filter.yaml": "capabilities: []\n"})
	p.change()
	if got := p.asks(del, drop); got != "deny a; deny b" || p.store.LastError() != "" {
		t.Errorf("%s, last error %q", got, p.store.LastError())
	}
}
