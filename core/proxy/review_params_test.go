package proxy

import (
	"testing"

	"github.com/dbmesh/dbmesh/core"
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
