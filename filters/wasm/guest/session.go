package guest

import (
	"net/netip"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// The host functions about the session, and what is kept for it.

func (in *instance) session() *core.Session {
	if in.call == nil {
		return nil
	}
	return in.call.Session
}

func sessionString(in *instance, s []uint64) {
	session, id := in.session(), uint32(s[0])
	if id == abi.StrFilter {
		give(in, s, 1, in.program.name)
		return
	}
	if session == nil {
		answer(s, abi.NotThere)
		return
	}
	switch id {
	case abi.StrUser:
		give(in, s, 1, session.User)
	case abi.StrSchema:
		give(in, s, 1, session.Schema)
	case abi.StrAddress:
		in.scratch = in.scratch[:0]
		if a := session.Client.Addr().Unmap(); a != (netip.Addr{}) {
			in.scratch = a.AppendTo(in.scratch)
		}
		give(in, s, 1, in.scratch)
	case abi.StrListener:
		give(in, s, 1, session.Listener)
	case abi.StrPool:
		give(in, s, 1, in.call.Pool)
	default:
		answer(s, abi.Invalid)
	}
}

func attribute(in *instance, s []uint64) {
	name := in.input(s, s[0], s[1], abi.MaxKey)
	if name == nil {
		return
	}
	if session := in.session(); session != nil {
		if value, ok := session.Attributes[string(name)]; ok {
			give(in, s, 2, value)
			return
		}
	}
	answer(s, abi.NotThere)
}

func (in *instance) state() *State {
	if in.call == nil {
		return nil
	}
	return in.call.State
}

func stateGet(in *instance, s []uint64) {
	st := in.state()
	if st == nil || len(st.kept) == 0 {
		answer(s, abi.NotThere)
		return
	}
	give(in, s, 0, st.kept)
}

// stateSet keeps bytes; none forgets what was kept.
func stateSet(in *instance, s []uint64) {
	st := in.state()
	if st == nil {
		answer(s, abi.NotThere)
		return
	}
	if b := in.input(s, s[0], s[1], abi.MaxState); b != nil {
		st.kept = append(st.kept[:0], b...)
		answer(s, 0)
	}
}
