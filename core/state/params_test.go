package state

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
)

// executes notes an execute whose parameters are all of the type, told anew.
func executes(s *Session, id uint32, types string) {
	s.Executes(id, &wire.Execute{Types: []byte(types), Told: true})
}

func prepared(s *Session, id uint32, params int, text string) *Statement {
	s.Prepared(id, Statement{SQL: []byte(text), Bindings: Bindings{Count: params}})
	st, _ := s.Statement(id)
	return st
}

func TestTypesAreKeptFromOneExecuteToTheNext(t *testing.T) {
	var s Session
	st := prepared(&s, 7, 2, "SELECT ?, ?")
	types := "\x03\x00\xfd\x00"
	executes(&s, 7, types+"\xfd\x00") // the last is a query attribute's
	s.Executes(7, &wire.Execute{Types: []byte("ignored, for they were not told")})
	if string(st.Types) != types {
		t.Errorf("types %q", st.Types)
	}
	executes(&s, LastStatement, "\x08\x80\x08\x80")
	if string(st.Types) != "\x08\x80\x08\x80" {
		t.Errorf("types %q", st.Types)
	}
	s.Executes(7, nil)
	if st.Types != nil {
		t.Errorf("types %q of an execute that nobody understood", st.Types)
	}
	s.Executes(9, nil) // there is none
	executes(&s, 9, types)
	executes(&s, 7, types)
	s.Closed(7)
	if s.texts != 0 {
		t.Errorf("%d bytes are left", s.texts)
	}
}

// What a session's statements keep is bounded, whatever has it.
func TestTypesCountAsTexts(t *testing.T) {
	var s Session
	const params = 1 << 15
	kept := 0
	for id := range uint32(100) {
		st := prepared(&s, id, params, "x")
		executes(&s, id, strings.Repeat("\x08\x00", params))
		if st.Types != nil {
			kept++
		}
		if s.texts > maxTexts {
			t.Fatalf("%d bytes are kept", s.texts)
		}
	}
	if kept == 0 || kept == 100 {
		t.Errorf("%d of 100 are kept", kept)
	}
	for id := range uint32(100) {
		s.Closed(id)
	}
	if s.texts != 0 {
		t.Errorf("%d bytes are left", s.texts)
	}
}

func TestPiecesAreThereUntilTheyAreUsed(t *testing.T) {
	var s Session
	st := prepared(&s, 1, 10, "SELECT")
	s.SentPiece(1, 9)
	s.SentPiece(1, 0)
	s.SentPiece(2, 0) // there is no such statement
	if !bytes.Equal(st.Pieces, []byte{1, 2}) || st.Doubt {
		t.Errorf("pieces %v, doubt %v", st.Pieces, st.Doubt)
	}
	s.Executes(1, nil)
	s.Executed(1, false)
	if st.Pieces != nil || st.Doubt {
		t.Errorf("pieces %v, doubt %v", st.Pieces, st.Doubt)
	}
	s.Executed(1, true)
	if st.Doubt {
		t.Error("doubt without pieces")
	}
	s.SentPiece(1, 3)
	s.Executed(1, true)
	if st.Pieces != nil || !st.Doubt {
		t.Error("no doubt after an error")
	}
	s.ResetStatement(1)
	s.SentPiece(1, 10)
	if !st.Doubt {
		t.Error("no doubt of a piece of no parameter")
	}
	s.ResetStatement(1)
	if st.Doubt {
		t.Error("doubt after a reset")
	}
}
