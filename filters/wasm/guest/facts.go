package guest

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// The host functions about the question at hand. Outside of hooks there is none.

func sqlText(in *instance, s []uint64) {
	if in.call == nil {
		answer(s, abi.NotThere)
		return
	}
	give(in, s, 0, in.call.SQL)
}

// facts are those of the statement, nil if there is none.
func (in *instance) facts() *core.Facts {
	if in.call == nil {
		return nil
	}
	return in.call.Facts
}

func digestHex(in *instance, s []uint64) {
	if f := in.facts(); f != nil && f.Digest != "" {
		give(in, s, 0, f.Digest)
		return
	}
	answer(s, abi.NotThere)
}

func digestText(in *instance, s []uint64) {
	if f := in.facts(); f != nil && f.DigestText != "" {
		give(in, s, 0, f.DigestText)
		return
	}
	answer(s, abi.NotThere)
}

// named puts a table's name together; it is valid until the next call of it.
func (in *instance) named(schema, name string) []byte {
	if schema == "" && in.call.Session != nil {
		schema = in.call.Session.Schema
	}
	in.spend(uint64(len(schema)+len(name)) / 16)
	b := in.scratch[:0]
	if schema != "" {
		b = append(append(b, schema...), '.')
	}
	in.scratch = append(b, name...)
	return in.scratch
}

func table(in *instance, s []uint64) {
	f, i := in.facts(), uint32(s[0])
	if f == nil || uint64(i) >= uint64(len(f.Tables)) {
		answer(s, abi.NotThere)
		return
	}
	give(in, s, 1, in.named(f.Tables[i].Schema, f.Tables[i].Name))
}

func tableAccess(in *instance, s []uint64) {
	f, i := in.facts(), uint32(s[0])
	switch {
	case f == nil || uint64(i) >= uint64(len(f.Tables)):
		answer(s, abi.NotThere)
	case f.Tables[i].Writes:
		answer(s, 1)
	default:
		answer(s, 0)
	}
}

func functionName(in *instance, s []uint64) {
	f, i := in.facts(), uint32(s[0])
	if f == nil || uint64(i) >= uint64(len(f.Functions)) {
		answer(s, abi.NotThere)
		return
	}
	give(in, s, 1, f.Functions[i])
}

// ranges finds where the parts of the statement stand, once per question.
func (in *instance) ranges() (*core.Ranges, bool) {
	c := in.call
	if c == nil || c.Ranges == nil {
		return nil, false
	}
	if !c.ranged {
		in.spend(uint64(2 * len(c.SQL))) // it is parsed
		c.ranged = true
		c.ranges, c.sure = c.Ranges.Ranges()
	}
	return &c.ranges, c.sure
}

func position(s []uint64, r core.Range) {
	s[0] = uint64(uint32(r.Start))<<32 | uint64(uint32(r.End))
}

// nowhere is the answer -1 as an i64.
func nowhere(s []uint64) { s[0] = ^uint64(0) }

func clause(in *instance, s []uint64) {
	r, ok := in.ranges()
	id := uint32(s[0])
	nowhere(s)
	if !ok || id > abi.ClauseLimit {
		return
	}
	at := [...]core.Range{abi.ClauseFrom: r.From, abi.ClauseWhere: r.Where, abi.ClauseGroup: r.Group,
		abi.ClauseHaving: r.Having, abi.ClauseOrder: r.Order, abi.ClauseLimit: r.Limit}[id]
	if !at.IsZero() {
		position(s, at)
	}
}

func place(in *instance, s []uint64) {
	r, ok := in.ranges()
	i := uint32(s[0])
	nowhere(s)
	if ok && uint64(i) < uint64(len(r.Tables)) {
		position(s, r.Tables[i].Range)
	}
}

func placeName(in *instance, s []uint64) {
	r, ok := in.ranges()
	i := uint32(s[0])
	if !ok || uint64(i) >= uint64(len(r.Tables)) {
		answer(s, abi.NotThere)
		return
	}
	give(in, s, 1, in.named(r.Tables[i].Schema, r.Tables[i].Name))
}

// parameter gives the parameter that the first argument numbers, nil if there is none.
func (in *instance) parameter(s []uint64) *core.Param {
	i := uint32(s[0])
	if in.call == nil || !in.call.HasParams || uint64(i) >= uint64(len(in.call.Params)) {
		return nil
	}
	return &in.call.Params[i]
}

// param has no text for NULL and for what was sent in pieces; param_type tells which.
func param(in *instance, s []uint64) {
	p := in.parameter(s)
	if p == nil || p.Type == core.ParamNull || p.Type == core.ParamUnknown {
		answer(s, abi.NotThere)
		return
	}
	give(in, s, 1, p.Text)
}

func paramType(in *instance, s []uint64) {
	p := in.parameter(s)
	if p == nil {
		answer(s, abi.NotThere)
		return
	}
	answer(s, [...]int{core.ParamNull: abi.ParamNull, core.ParamInt: abi.ParamInt, core.ParamUint: abi.ParamUint,
		core.ParamFloat: abi.ParamFloat, core.ParamText: abi.ParamText, core.ParamBytes: abi.ParamBytes,
		core.ParamTime: abi.ParamTime, core.ParamUnknown: abi.ParamUnknown}[p.Type])
}

// columnAt gives the column that the first argument numbers, nil if there is none.
func (in *instance) columnAt(s []uint64) *core.Column {
	i := uint32(s[0])
	if in.call == nil || uint64(i) >= uint64(len(in.call.Columns)) {
		return nil
	}
	return &in.call.Columns[i]
}

func column(in *instance, s []uint64) {
	c, field := in.columnAt(s), uint32(s[1])
	if c == nil {
		answer(s, abi.NotThere)
		return
	}
	switch field {
	case abi.ColumnName:
		give(in, s, 2, c.Name)
	case abi.ColumnOrgName:
		give(in, s, 2, c.OrgName)
	case abi.ColumnTable:
		give(in, s, 2, c.Table)
	case abi.ColumnOrgTable:
		give(in, s, 2, c.OrgTable)
	case abi.ColumnSchema:
		give(in, s, 2, c.Schema)
	default:
		answer(s, abi.Invalid)
	}
}

func columnType(in *instance, s []uint64) {
	c := in.columnAt(s)
	if c == nil {
		answer(s, abi.NotThere)
		return
	}
	answer(s, int(c.Type)|int(c.Flags)<<8)
}

func errorString(in *instance, s []uint64) {
	var e *core.Error
	if c := in.call; c != nil {
		if e = c.Error; e == nil && c.Outcome != nil {
			e = c.Outcome.Err
		}
	}
	switch id := uint32(s[0]); {
	case e == nil:
		answer(s, abi.NotThere)
	case id == abi.ErrMessage:
		give(in, s, 1, e.Message)
	case id == abi.ErrState:
		give(in, s, 1, e.State)
	default:
		answer(s, abi.Invalid)
	}
}
