package router

import "github.com/dbmesh/dbmesh/core"

// safety says whether one statement counts as read-safe.
type safety func(*core.Facts) bool

// proved is what its facts say.
func proved(f *core.Facts) bool { return f.ReadSafe }

// provedOrReadOnly has the BEGIN of a READ ONLY transaction too: all that is in it stays
// where it begins.
func provedOrReadOnly(f *core.Facts) bool { return f.ReadSafe || readOnly(f) }

// forced is whatever somebody says is safe.
func forced(*core.Facts) bool { return true }

func readOnly(f *core.Facts) bool {
	return f.Kind == core.StatementBegin && f.Transaction == core.TransactionReadOnly
}

// all says whether every statement of a text is safe, and so may run at home as well.
func (s safety) all(f *core.Facts) bool {
	if f.Kind != core.StatementMulti {
		return !f.Opaque && s(f)
	}
	for _, part := range f.Parts {
		if part.Opaque || !s(part) {
			return false
		}
	}
	return !f.Opaque && len(f.Parts) > 0
}

// Flags of a session's status as the protocol has them.
const (
	inTransaction = 1
	autocommits   = 2
)

func open(s *core.Session) bool { return s.Status&inTransaction != 0 }

// plain says whether the command is a BEGIN that nobody has to see before the next command:
// it ends no transaction and says nothing about its own.
func plain(c *core.Command) bool {
	if c.Code != core.Query || c.Session.Status&(inTransaction|autocommits) != autocommits {
		return false
	}
	f := c.Statement()
	return f.Kind == core.StatementBegin && f.Transaction == core.TransactionPlain && !f.Opaque
}
