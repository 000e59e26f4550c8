package wasm_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/abi"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// The link begins in line 7 of the config, its own keys in line 8.
func TestErrorsOfTheConfigPointAtTheirLine(t *testing.T) {
	p := newProcess(t)
	p.put(map[string]string{
		"a.wasm": string(denies("delete", "a")), "b.wasm": "hello", "c.wasm": string(denies("delete", "c")),
		"c.filter.yaml": "config: {limit: {type: integer}}\ncapabilities: [kv]\n", "no.pem": "hello",
	})
	for keys, want := range map[string]string{
		"mode: enforce\n":                                ":7: chains[0].links[0]: want file, one module, or dir",
		"file: filters/a.wasm\ndir: filters\n":           ":9: chains[0].links[0].dir: goes not with file",
		"file: filters/none.wasm\n":                      ":8: chains[0].links[0].file: stat ",
		"file: filters/b.wasm\n":                         ":8: chains[0].links[0].file: it is no WebAssembly module",
		"file: filters/no.pem\n":                         `:8: chains[0].links[0].file: is "filters/no.pem"`,
		"dir: nowhere\n":                                 ":8: chains[0].links[0].dir: open ",
		"dir: filters\nconfig: {a: 1}\n":                 ":9: chains[0].links[0].config: is for one filter",
		"dir: filters\ngrant: [sql, al]\n":               `:9: chains[0].links[0].grant[1]: there is no capability "al"`,
		"dir: filters\nmode: watch\n":                    `:9: chains[0].links[0].mode: is "watch"`,
		"dir: filters\nfuel: 1\n":                        ":9: chains[0].links[0].fuel: is 1",
		"dir: filters\nmemory: 65KiB\n":                  ":9: chains[0].links[0].memory: is 65KiB",
		"dir: filters\ntick: 1ms\n":                      ":9: chains[0].links[0].tick: is 1ms",
		"dir: filters\nmodule_size: 1GiB\n":              ":9: chains[0].links[0].module_size: is 1GiB",
		"dir: filters\nmodul: x\n":                       ":9: chains[0].links[0].modul: unknown key",
		"dir: filters\nrequire_signed: true\n":           ":9: chains[0].links[0].require_signed: needs keys",
		"dir: filters\nkeys: [filters/no.pem]\n":         ":9: chains[0].links[0].keys[0]: it has no public key",
		"dir: filters\nfilters:\n- name: a\n- name: b\n": ":11: chains[0].links[0].filters[1].name: it is no WebAssembly module",
		"dir: filters\nfilters:\n- name: a\n- name: a\n": `:11: chains[0].links[0].filters[1].name: "a" is there already`,
		"dir: filters\nfilters:\n- name: none\n":         ":10: chains[0].links[0].filters[0].name: stat ",
		"dir: filters\nfilters:\n- name: c\n":            `:10: chains[0].links[0].filters[0].name: it asks for the capability kv; to grant it, put "grant: [kv]"`,
		"dir: filters\nfilters:\n- name: c\n  grant: [kv]\n  config:\n    limit: x\n": ":13: chains[0].links[0].filters[0].config.limit: is x, want a value of the type integer",
		"file: filters/c.wasm\ngrant: [kv]\nconfig:\n  size: 1\n":                     ":11: chains[0].links[0].config.size: the filter has no such setting",
	} {
		err := p.load(keys)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", keys, err, want)
		}
	}
}

// A guest sees the settings as JSON, with the types that they have in YAML.
func TestAnArbitraryConfigReachesTheGuest(t *testing.T) {
	t.Setenv("WHO", "me")
	m := w.Guest("config")
	m.Hook(abi.HookQuery, nil, w.I32(w.GuestFree+100)+w.I32(1000)+w.I32(0)+m.Host("config")+w.Drop+w.I64(0))
	p := newProcess(t)
	p.put(map[string]string{"a.wasm": string(m.Build()), "a.yaml": "below: 1\nlist: [x]\n"})
	p.mustLoad(`file: filters/a.wasm
config:
  text: "7"
  number: 7
  float: 1.5
  yes: true
  list: [1, two, {three: [3]}]
  "app.users": {a.b: c}
`)
	const want = `{"app.users":{"a.b":"c"},"below":1,"float":1.5,"list":[1,"two",{"three":[3]}],"number":7,"text":"7","yes":true}`
	if got := p.filter("a"); p.links() != "wasm" || p.store.ConfigOf("a") != want {
		t.Errorf("%s: %+v has %s", p.links(), got, p.store.ConfigOf("a"))
	}
}

func TestAFiltersOwnEntryGoesBeforeWhatHoldsForAll(t *testing.T) {
	p := newProcess(t)
	p.put(map[string]string{"a.wasm": string(denies("delete", "a")), "b.wasm": string(denies("drop", "b"))})
	p.mustLoad("dir: filters\nmode: monitor\nfuel: 5000\nmemory: 1MiB\nfilters:\n- {name: a, mode: enforce, fuel: 6000}\n")
	a, b := p.filter("a"), p.filter("b")
	if a.Mode != "enforce" || a.Fuel != 6000 || a.Memory != 1<<20 || b.Mode != "monitor" || b.Fuel != 5000 {
		t.Errorf("%+v\n%+v", a, b)
	}
	if got := p.asks(del, drop); got != "deny a; go on" {
		t.Error(got)
	}
	if !strings.Contains(p.log.String(), "monitored filter would have acted") || p.metric("dbmesh_wasm_monitored_verdicts_total", "b") != 1 {
		t.Error(p.log.String())
	}
}

func TestAFiltersSeriesGoWithIt(t *testing.T) {
	m := w.Guest("metric_def", "metric_add")
	m.Data(w.GuestFree, "seen")
	m.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil,
		w.I32(abi.MetricCounter)+w.I32(w.GuestFree)+w.I32(4)+m.Host("metric_def")+w.Drop+
			w.I32(abi.MetricHistogram)+w.I32(w.GuestFree)+w.I32(3)+m.Host("metric_def")+w.Drop+w.I64(0))
	m.Hook(abi.HookQuery, nil, w.I32(0)+w.F64(2)+m.Host("metric_add")+w.Drop+w.I32(1)+w.F64(5)+m.Host("metric_add")+w.Drop+w.I64(0))
	p := newProcess(t)
	p.put(map[string]string{"a.wasm": string(m.Build())})
	p.mustLoad("dir: filters\n")
	p.asks(del, drop)
	if got := p.metric("dbmesh_wasm_guest_total", "seen"); got != 4 {
		t.Errorf("the guest's counter is %v", got)
	}
	if got := p.metric("dbmesh_wasm_calls_total", "on_query"); got != 2 {
		t.Errorf("%v calls", got)
	}
	p.remove("a.wasm")
	p.change()
	families, err := p.metrics.Gather()
	must(t, err)
	for _, f := range families {
		for _, one := range f.GetMetric() {
			for _, l := range one.GetLabel() {
				if l.GetName() == "filter" {
					t.Errorf("%s still has %v", f.GetName(), one)
				}
			}
		}
	}
}
