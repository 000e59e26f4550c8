package backends

import "github.com/dolthub/vitess/go/mysql"

// greeter tells clients at login already that the server commits by itself, as MySQL does:
// the engine says so only from the second command on, and until then a proxy must take
// what it sends for the part of a transaction.
type greeter struct{ mysql.Handler }

// NewConnection comes before the greeting.
func (g greeter) NewConnection(c *mysql.Conn) {
	g.Handler.NewConnection(c)
	c.StatusFlags |= mysql.ServerStatusAutocommit
}
