package coretest

import "github.com/dbmesh/dbmesh/core"

// Params are the parameters of every execute of a session; nil are none to be had:
//
//	s.Decoder = coretest.Params{{Type: core.ParamInt, Text: []byte("7")}}
type Params []core.Param

// Params gives them.
func (p Params) Params(*core.Command) ([]core.Param, bool) { return p, p != nil }
