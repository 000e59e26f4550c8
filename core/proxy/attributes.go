package proxy

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// Attribute finds an attribute of the query at hand. Those beyond inspect_limit are as
// though there were none; then the query's text is beyond it too.
func (s *session) Attribute(c *core.Command, name string) ([]byte, bool) {
	if c.Code != core.Query || !s.caps.Has(wire.QueryAttrs) || s.held < wire.HeaderLen {
		return nil, false
	}
	return wire.QueryAttr(s.in.bytes()[wire.HeaderLen:s.held], name)
}
