package coretest

import "github.com/dbmesh/dbmesh/core"

// Attributes are the query attributes of every query of a session, name to text:
//
//	s.Attributed = coretest.Attributes{"dbmesh": "primary"}
type Attributes map[string]string

// Attribute finds one.
func (a Attributes) Attribute(_ *core.Command, name string) ([]byte, bool) {
	text, ok := a[name]
	return []byte(text), ok
}
