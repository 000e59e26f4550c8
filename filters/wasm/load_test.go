package wasm_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// try loads a filter and gives why it was refused, "" if it was not.
func try(t *testing.T, src wasm.Source, o wasm.Options) (refused string, r *wasm.Report) {
	t.Helper()
	src.Name = "rule"
	f, r, err := wasm.Load(context.Background(), src, o, deps(t))
	if err != nil {
		if r.Refusal == nil || r.Steps[len(r.Steps)-1].Err == nil {
			t.Errorf("%v, and the report says %+v", err, r)
		}
		return err.Error(), r
	}
	must(t, f.Close())
	return "", r
}

func TestTheReportTellsWhatAFilterIs(t *testing.T) {
	m := w.Guest("sql", "kv_get")
	m.Hook(abi.HookQuery, nil, w.I64(0))
	m.Hook(abi.HookTick, nil, w.I64(0))
	m.Custom(abi.ManifestSection, "name: rule\nversion: 1.2.3\ncapabilities: [kv]\nlimits: {fuel: 50000, memory: 1MiB}\nconfig: {limit: {type: integer, default: 3}}\n")
	refused, r := try(t, wasm.Source{Module: m.Build(), Settings: []byte("limit: 4")}, wasm.Options{Grant: []string{"kv"}})
	if refused != "" {
		t.Fatal(refused)
	}
	if r.Manifest.Version != "1.2.3" || r.Config != `{"limit":4}` || strings.Join(r.Hooks, " ") != "on_query on_tick" || strings.Join(r.Grants, " ") != "kv log sql" ||
		r.Fuel != 50000 || r.Memory != 1<<20 || len(r.Module.Imports) != 2 || len(r.Hash) != 64 || r.Size == 0 || r.Load <= 0 || r.Start < 128<<10 || len(r.Steps) != 7 {
		t.Errorf("%+v", r)
	}
}

func TestACapabilityThatIsNotGrantedRefusesTheFilter(t *testing.T) {
	m := w.Guest("kv_get", "rate")
	m.Hook(abi.HookQuery, nil, w.I64(0))
	bare := m.Build()
	m.Custom(abi.ManifestSection, "capabilities: [kv, rate]")
	for _, c := range []struct {
		module []byte
		grant  []string
		want   string
	}{
		{m.Build(), nil, `put "grant: [kv, rate]" into`},
		{m.Build(), []string{"kv"}, `it asks for the capability rate; to grant it, put "grant: [kv, rate]" into`},
		{m.Build(), []string{"rate", "kv", "route"}, ""},
		{bare, []string{"kv"}, "rate"},
		{bare, []string{"kv", "rate"}, ""},
	} {
		refused, r := try(t, wasm.Source{Module: c.module}, wasm.Options{Grant: c.grant})
		if c.want == "" && refused != "" || !strings.Contains(refused, c.want) {
			t.Errorf("with %q: %q, want %q", c.grant, refused, c.want)
		}
		if refused == "" && len(c.grant) == 3 && strings.Join(r.Grants, " ") != "kv log rate sql" {
			t.Errorf("it has %q without having asked", r.Grants)
		}
	}
}

func TestAManifestDoesNotGetMoreThanTheOperatorGives(t *testing.T) {
	for manifest, want := range map[string]string{
		"limits: {fuel: 3000000}":              `put "fuel: 3000000" into`,
		"limits: {memory: 32MiB}":              `put "memory: 32MiB" into`,
		"hooks: [on_query, on_done]":           "says that it has the hook on_done",
		"hooks: [on_done]":                     "it has the hook on_query, of which its manifest says nothing",
		"abi: dbmesh_v9":                       "dbmesh_v9",
		"name: a\nhoks: []":                    `the manifest in the module: line 2: unknown key "hoks"`,
		"name: [a":                             "the manifest in the module: line 1",
		"cases: [{sql: DELETE FROM t}]":        "",
		"cases: [{sql: SELECT 1, want: deny}]": "case 1 of its manifest (): its verdict is pass, want deny",
		"cases: [{name: x, sql: DELETE FROM t, want: deny, code: 1064}]": "case 1 of its manifest (x): its error is 1105, want 1064",
		"cases: [{sql: DELETE FROM t, max_fuel: 100}]":                   "of fuel, more than 100",
		"config: {a: {required: true}}":                                  `needs the setting "a"`,
	} {
		m := w.Guest()
		m.Hook(abi.HookQuery, []w.Type{w.Int32}, w.Loop(w.Get(1)+w.I32(1)+w.I32Add+w.Tee(1)+w.I32(1000)+w.I32LtU+w.BrIf(0)),
			when("delete", m.Deny(w.GuestFree, 1105, "HY000", "no")))
		m.Custom(abi.ManifestSection, manifest)
		refused, _ := try(t, wasm.Source{Module: m.Build()}, wasm.Options{})
		if want == "" && refused != "" || !strings.Contains(refused, want) {
			t.Errorf("%s: %q, want %q", manifest, refused, want)
		}
	}
	refused, r := try(t, wasm.Source{Module: denies("delete", ""), Manifest: []byte("limits: {fuel: 3000000}")}, wasm.Options{Fuel: 5_000_000})
	if refused != "" || r.Fuel != 5_000_000 {
		t.Errorf("%q, fuel %d", refused, r.Fuel)
	}
}

func TestSettingsAreCheckedWhereverTheyStand(t *testing.T) {
	manifest := []byte("config: {limit: {type: integer, default: 3}, names: {type: list, of: string}}")
	for _, c := range []struct {
		settings string
		config   map[string]any
		want     string
	}{
		{"", nil, `{"limit":3}`},
		{"limit: 4\nnames: [a]", map[string]any{"limit": 5}, `{"limit":5,"names":["a"]}`},
		{"names: [a]", map[string]any{"names": []any{}}, `{"limit":3,"names":[]}`},
		{"names: []\nlimit: many", nil, "rule.yaml: line 2: limit: is many, want a value of the type integer"},
		{"lmit: 4", nil, "rule.yaml: line 1: lmit: the filter has no such setting, only limit, names"},
		{"- a", nil, "rule.yaml: line 1: want keys and values"},
		{"limit: 4", map[string]any{"names": []any{1}}, "config: names: [0] is 1, want a value of the type string"},
	} {
		refused, r := try(t, wasm.Source{Module: denies("delete", ""), Manifest: manifest, Settings: []byte(c.settings)}, wasm.Options{Config: c.config})
		if refused != c.want && r.Config != c.want {
			t.Errorf("%q with %v: %q, %s; want %s", c.settings, c.config, refused, r.Config, c.want)
		}
	}
}

func keyPair(t *testing.T) (ed25519.PrivateKey, []byte) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(public)
	must(t, err)
	return private, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestASignatureIsCheckedAndFailsClosed(t *testing.T) {
	key, text := keyPair(t)
	_, others := keyPair(t)
	keys, err := wasm.ParseKeys(append(others, text...))
	must(t, err)
	strangers, err := wasm.ParseKeys(others)
	must(t, err)
	module := denies("delete", "no")
	signature := ed25519.Sign(key, module)
	inside := w.Guest()
	inside.Hook(abi.HookQuery, nil, w.I64(0))
	unsigned := inside.Build()
	inside.Custom(abi.SignatureSection, string(ed25519.Sign(key, unsigned)))
	behind := append(inside.Build(), "\x00\x02\x01x"...)
	changed := append(append([]byte(nil), module...), "\x00\x02\x01x"...)
	for name, c := range map[string]struct {
		src  wasm.Source
		keys []ed25519.PublicKey
		want string
	}{
		"raw":                        {wasm.Source{Module: module, Signature: signature}, keys, ""},
		"base64":                     {wasm.Source{Module: module, Signature: []byte(base64.StdEncoding.EncodeToString(signature) + "\n")}, keys, ""},
		"inside":                     {wasm.Source{Module: inside.Build()}, keys, ""},
		"none":                       {wasm.Source{Module: module}, keys, "it is not signed"},
		"not the last section":       {wasm.Source{Module: behind}, keys, "it is not signed"},
		"changed":                    {wasm.Source{Module: changed, Signature: signature}, keys, "none of the keys"},
		"somebody else's":            {wasm.Source{Module: module, Signature: signature}, strangers, "none of the keys"},
		"nonsense":                   {wasm.Source{Module: module, Signature: []byte("x")}, keys, "neither"},
		"empty":                      {wasm.Source{Module: module, Signature: []byte{}}, keys, "neither"},
		"no keys":                    {wasm.Source{Module: module, Signature: signature}, nil, "it is not signed"},
		"somebody else's and inside": {wasm.Source{Module: inside.Build(), Signature: signature}, keys, "none of the keys"},
	} {
		refused, r := try(t, c.src, wasm.Options{RequireSigned: true, Keys: c.keys})
		if c.want == "" && (refused != "" || r.Signed != wasm.KeyID(keys[1])) || !strings.Contains(refused, c.want) {
			t.Errorf("%s: %q, signed by %q; want %q", name, refused, r.Signed, c.want)
		}
	}
	// Where signatures are not required a wrong one is refused all the same.
	if refused, _ := try(t, wasm.Source{Module: changed, Signature: signature}, wasm.Options{Keys: keys}); refused == "" {
		t.Error("a wrong signature was taken")
	}
	if refused, _ := try(t, wasm.Source{Module: module}, wasm.Options{Keys: keys}); refused != "" {
		t.Error(refused)
	}
}

func TestKeysArePublicEd25519InPEM(t *testing.T) {
	_, good := keyPair(t)
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})
	for name, text := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "private": append(good, private...),
		"broken": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")})} {
		if keys, err := wasm.ParseKeys(text); err == nil {
			t.Errorf("%s: %d keys", name, len(keys))
		}
	}
}
