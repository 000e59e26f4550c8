package state_test

import (
	"testing"

	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

func TestWhatIsKnownOfAStatementsResultEndsWithIt(t *testing.T) {
	var s state.Session
	for id := range uint32(3) {
		s.Prepared(id, state.Statement{})
	}
	known := func(id uint32) *state.Statement {
		st, ok := s.Statement(id)
		if !ok {
			t.Fatalf("no statement %d", id)
		}
		return st
	}
	if s.Shown() {
		t.Error("something is known at first")
	}
	s.Mask(known(0), &wire.Plan{}, nil)
	s.Mask(known(0), nil, &wire.Err{})
	s.Mask(known(1), nil, nil)
	if !s.Shown() || known(0).Denied == nil || known(0).Plan != nil {
		t.Error("the denial is not known")
	}
	s.Mask(known(0), nil, nil)
	if s.Shown() {
		t.Error("the denial is still known")
	}
	s.Mask(known(1), &wire.Plan{}, nil)
	s.Define(known(2), make([]byte, 3<<20))
	s.Define(known(1), make([]byte, 2<<20))
	if known(1).Definitions != nil || len(known(2).Definitions) != 3<<20 {
		t.Error("more definitions are kept than there is room for")
	}
	s.Define(known(2), make([]byte, 1<<20))
	if s.Define(known(1), make([]byte, 2<<20)); known(1).Definitions == nil {
		t.Error("there was room for definitions")
	}
	s.Closed(1)
	s.Prepared(2, state.Statement{}) // the id anew
	if s.Shown() {
		t.Error("closed statements are still known")
	}
}
