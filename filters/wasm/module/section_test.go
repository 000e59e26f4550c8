package module_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
	. "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func TestAnAppendedSectionIsFoundAndCutOffAgain(t *testing.T) {
	plain := Guest().Build()
	manifest := []byte("name: guard\n" + strings.Repeat("x", 300))
	packed := module.AppendSection(plain, abi.ManifestSection, manifest)
	signed := module.AppendSection(packed, abi.SignatureSection, []byte("signature"))
	if got, ok := module.Section(signed, abi.ManifestSection); !ok || !bytes.Equal(got, manifest) {
		t.Errorf("the manifest is %q", got)
	}
	before, payload, ok := module.CutLastSection(signed, abi.SignatureSection)
	if !ok || !bytes.Equal(before, packed) || string(payload) != "signature" {
		t.Errorf("the signature is %q over %d bytes, want %d", payload, len(before), len(packed))
	}
	if _, _, ok := module.CutLastSection(signed, abi.ManifestSection); ok {
		t.Error("the manifest was taken as the last section")
	}
	if got, ok := module.WithoutSection(signed, abi.ManifestSection); !ok || !bytes.Equal(got, module.AppendSection(plain, abi.SignatureSection, []byte("signature"))) {
		t.Error("without the manifest something else is missing too")
	}
	if got, ok := module.WithoutSection(plain, abi.ManifestSection); ok || !bytes.Equal(got, plain) {
		t.Error("without a manifest there was one")
	}
	m := read(t, signed)
	if len(m.Customs) != 2 || m.Customs[0].Name != abi.ManifestSection || m.Customs[0].Length != len(manifest) {
		t.Errorf("the sections are %+v", m.Customs)
	}
}

func TestNoSectionIsFoundInWhatIsNoModule(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("\x00asm"), []byte("text"), append(Guest().Build(), 0, 0xff, 0xff)} {
		if got, ok := module.Section(b, abi.ManifestSection); ok {
			t.Errorf("%q has a manifest %q", b, got)
		}
	}
}

func TestAModuleTellsWhatIsInIt(t *testing.T) {
	m := Guest("kv_incr")
	m.Table(4, 8)
	m.Global(Int64, true, I64(0))
	m.Hook(abi.HookQuery, nil, Loop(), Loop(), I64(0))
	m.Start(m.Func("", nil, nil, nil, Nop))
	got := read(t, m.Build())
	if len(got.Imports) != 1 || got.Imports[0].Name != "kv_incr" || got.Imports[0].Type.String() != "(i32, i32, i64, i64) -> i64" {
		t.Errorf("imports %+v", got.Imports)
	}
	hook, ok := got.Export("on_query")
	if !ok || hook.Kind != module.KindFunction || hook.Type.String() != "(i32) -> i64" {
		t.Errorf("on_query is %+v", hook)
	}
	if _, ok := got.Export("on_tick"); ok {
		t.Error("there is an on_tick")
	}
	if got.Memory != (module.Memory{There: true, Min: GuestPages}) {
		t.Errorf("memory %+v", got.Memory)
	}
	if got.Functions != 4 || got.Loops != 2 || got.Tables != 1 || got.Globals != 1 || len(got.Segments) != 1 || got.DataBytes != 4 || !got.Start {
		t.Errorf("%+v", got)
	}
}

func TestDataSegmentsAreMergedInTheirOrder(t *testing.T) {
	m := Guest()
	m.Data(3000, "first")
	m.Data(3002, "overwritten")
	m.Data(3003, "twice")
	m.Data(3200, "near")
	m.Data(5000, "far")
	m.Data(2990, "before")
	m.Data(0, "")
	m.DataCount()
	b := m.Build()
	without, err := instance(t, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := metered(t, b)
	with, err := instance(t, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	if with.memory() != without.memory() {
		t.Error("the memory begins differently")
	}
	if bytes.Count(out, []byte("far")) != 1 || !bytes.Contains(out, []byte("before\x00\x00\x00\x00fiotwiceitten")) {
		t.Error("the segments were not merged")
	}
}

func TestManySegmentsFarApartDoNotMakeAModuleManyTimesLarger(t *testing.T) {
	m := Guest()
	for i := range int32(400) {
		m.Data(i*200, "x")
	}
	b := m.Build()
	if out := metered(t, b); len(out) > 2*len(b)+1000 {
		t.Errorf("%d bytes grow to %d", len(b), len(out))
	}
}

func TestNamesOfFunctionsStayAndMalformedOnesGo(t *testing.T) {
	names := func(payload Code) []byte {
		m := Guest()
		m.Hook(abi.HookQuery, nil, Unreachable)
		m.Custom("name", string(payload))
		m.Custom(".debug_info", "lines")
		return metered(t, m.Build())
	}
	right := "\x01" + Bytes(U(1)+U(2)+Bytes("guard.check"))
	out := names("\x00" + Bytes(Bytes("module")) + right + "\x09" + Bytes(U(0)))
	if bytes.Contains(out, []byte("lines")) || !bytes.Contains(out, []byte("guard.check")) {
		t.Error("wrong sections were left out")
	}
	g, err := instance(t, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.run(1000, "on_query", 0); err == nil || !strings.Contains(err.Error(), "guard.check") {
		t.Errorf("the trap does not name the function: %v", err)
	}
	for _, wrong := range []Code{"\x01\xff", "\x01" + Bytes(U(1<<31)), right + "\x01", "\x01" + Bytes(U(1)+U(2)+"\x02\xff\xff")} {
		if out := names(wrong); bytes.Contains(out, []byte("\x04name")) {
			t.Errorf("the names %q were kept", wrong)
		} else if _, err := instance(t, out, nil); err != nil {
			t.Error(err)
		}
	}
}
