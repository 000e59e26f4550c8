package proxy

import (
	"context"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

func TestKindsOfValuesAreTypesOfParameters(t *testing.T) {
	for kind, want := range map[wire.ValueKind]core.ParamType{
		wire.ValueNull: core.ParamNull, wire.ValueInt: core.ParamInt, wire.ValueUint: core.ParamUint,
		wire.ValueFloat: core.ParamFloat, wire.ValueText: core.ParamText, wire.ValueBytes: core.ParamBytes,
		wire.ValueTime: core.ParamTime, wire.ValuePieces: core.ParamUnknown,
	} {
		if core.ParamType(kind) != want {
			t.Errorf("kind %d is type %d", kind, want)
		}
	}
}

// reading is a link that reads the parameters of executes.
type reading struct{ want int }

func (reading) ReadsParams() bool { return true }

func (r reading) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if params, ok := c.Params(); !ok || len(params) != r.want {
		return core.Continue(), &core.Fault{Reason: "no parameters"}
	}
	return core.Continue(), nil
}

func TestReadingParametersMakesNoGarbage(t *testing.T) {
	m := &mesh{t: t, links: []core.Kind{{New: func(string, core.Decode) (core.Filter, error) { return reading{3}, nil }}}}
	m.start()
	s := &session{srv: m.srv, lis: m.srv.listeners["main"], loop: m.srv.loops[0], log: m.log}
	s.Log, s.caps = m.log, meshCaps
	s.Decoder = s
	s.in.pool = &m.srv.buffers
	s.state.Prepared(1, state.Statement{SQL: []byte("SELECT ?, ?, ?"), Bindings: state.Bindings{Count: 3}})
	packet, _ := wire.AppendFrame(nil, []byte("\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00"+
		"\x00\x01\x08\x00\xfd\x00\x0b\x00"+"\x01\x02\x03\x04\x05\x06\x07\x08"+"\x03abc"+"\x08\x01\x02\x00\x00\x00\x0a\x05\x06"), 0)
	s.in.need(len(packet))
	s.in.w += copy(s.in.free(), packet)
	s.held = len(packet)
	s.chain = s.lis.chain()
	defer s.chain.Release()
	round := func() {
		s.cmd.Reset(&s.Session, core.Execute, nil, len(packet)-wire.HeaderLen, false)
		if v := s.chain.Command(context.Background(), &s.cmd); v.Denied() {
			t.Fatal(v.Reply().Err)
		}
		s.watchBindings()
		s.learnBindings(false)
		s.chain.Done(&s.cmd, &s.outcome)
		s.forgetParams()
	}
	round()
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("a sync.Pool forgets on purpose under the race detector")
	}
	if n := testing.AllocsPerRun(1000, round); n != 0 {
		t.Errorf("%v allocations per execute", n)
	}
}
