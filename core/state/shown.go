package state

import "github.com/dbmesh/dbmesh/core/wire"

// maxDefinitions is how many bytes of column definitions are kept in one session. Beyond it
// they are not kept.
const maxDefinitions = 4 << 20

// Shown is what must be known of a statement's result by those who change it.
type Shown struct {
	Definitions []byte     // as wire.Editor keeps them; nil if nobody needed them, or they are too long
	Plan        *wire.Plan // of the rows that are fetched from its cursor; nil if they go as they are
	Denied      *wire.Err  // the client may not have the rows
}

// Shown says whether something is known of any statement's result, so that its executes and
// fetches must be seen even if no link cares any more.
func (s *Session) Shown() bool { return s.masked > 0 || s.shown > 0 }

// Mask notes what holds for the fetches from a statement's cursor.
func (s *Session) Mask(st *Statement, plan *wire.Plan, denied *wire.Err) {
	if st.Plan != nil || st.Denied != nil {
		s.masked--
	}
	if st.Plan, st.Denied = plan, denied; plan != nil || denied != nil {
		s.masked++
	}
}

// Define notes the definitions of a statement's columns. It keeps the slice.
func (s *Session) Define(st *Statement, definitions []byte) {
	s.shown -= len(st.Definitions)
	if s.shown+len(definitions) > maxDefinitions {
		definitions = nil
	}
	s.shown += len(definitions)
	st.Definitions = definitions
}
