package proxy

import (
	"context"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// askColumns asks the links what becomes of the result whose columns are known now.
func (s *session) askColumns() want {
	e := s.edit
	columns, err := e.Columns()
	if err != nil {
		s.log.Error("backend sent a definition that can't be read", "backend", s.link.src.Backend.Name, "command", s.cmd.Code)
		e.side = core.Server
		e.Deny(&wire.Err{Code: 1105, State: "HY000", Message: "dbmesh: the backend sent a column definition that can't be read, and a filter must see it"})
		return wantNothing
	}
	e.shown = e.shown[:0]
	for i := range columns {
		c := &columns[i]
		e.shown = append(e.shown, core.Column{
			Schema: c.Schema, Table: c.Table, OrgTable: c.OrgTable, Name: c.Name, OrgName: c.OrgName,
			Type: c.Type, Charset: c.Charset, Flags: c.Flags, Length: c.Length,
		})
	}
	var masks []core.Mask
	var v core.Verdict
	return s.consult(func() {
		masks, v = s.chain.Columns(context.Background(), &s.cmd, e.shown)
	}, func() { s.mask(masks, v) })
}

// mask has the editor do what the links say of a result.
func (s *session) mask(masks []core.Mask, v core.Verdict) {
	e := s.edit
	if cap(e.shown) > manyColumns {
		e.shown = nil
	}
	clear(e.shown) // the names are parts of a copy of all definitions
	if v.Denied() {
		s.farewell = s.farewell || v.Ends()
		e.side = core.FilterSide
		e.Deny(onWire(v.Reply().Err))
		return
	}
	e.masks = e.masks[:0]
	for _, m := range masks {
		e.masks = append(e.masks, wire.Mask{Column: m.Column, By: wireMask(m.By), First: m.First, Last: m.Last, Value: m.Value})
	}
	e.Mask(e.masks)
	if cap(e.masks) > manyColumns {
		e.masks = nil
	}
	clear(e.masks)
}

// manyColumns is how many columns' room a session keeps for its next result.
const manyColumns = 64

// askError asks the links what the client is told in the place of the backend's error.
func (s *session) askError() want {
	e := s.edit
	said := &core.Error{Code: e.Said.Code, State: e.Said.State, Message: e.Said.Message}
	told := said
	return s.consult(func() {
		told = s.chain.Error(context.Background(), &s.cmd, said)
	}, func() {
		if told == said || told == nil {
			e.Replace(e.Said)
			return
		}
		e.Replace(onWire(told))
	})
}

// consult asks the links, on a goroutine if they may take long, and goes on with the
// response.
func (s *session) consult(ask, then func()) want {
	if !s.chain.Slow() {
		ask()
		then()
		return wantNothing
	}
	return s.startFlow(func(f *flow) error {
		return f.away(func() error { ask(); return nil })
	}, func(err error) want {
		if err != nil {
			return wantEnd
		}
		s.mode = responding
		then()
		return wantNothing
	})
}

func onWire(e *core.Error) *wire.Err {
	return &wire.Err{Code: e.Code, State: e.State, Message: e.Message}
}

// wireMask is the wire package's name of a way to mask. One that is not known hides all.
func wireMask(by core.MaskBy) wire.MaskBy {
	switch by {
	case core.MaskConstant:
		return wire.MaskConstant
	case core.MaskHash:
		return wire.MaskHash
	case core.MaskKeep:
		return wire.MaskKeep
	}
	return wire.MaskNull
}
