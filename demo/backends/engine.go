package backends

import (
	"context"
	"io"
	"log"
	"net"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/sirupsen/logrus"
)

// version is what the greeting says, so that nobody takes the set for a real server.
const version = "8.0.31-dbmesh-demo"

// Quiet turns off the engine's messages about clients. It writes them to the
// process's own loggers, the standard one and logrus, so only a program may do this.
func Quiet() {
	log.SetOutput(io.Discard)
	logrus.SetOutput(io.Discard)
}

// newServer makes one engine over the shared shop. Accounts come last: with the
// first one the engine begins to check rights, those of its own set-up included.
func newServer(shop *memory.DbProvider, name string, readOnly bool, l net.Listener) (*server.Server, error) {
	engine := sqle.NewDefault(shop)
	engine.ReadOnly.Store(readOnly)
	engine.Analyzer.Catalog.RegisterFunction(sql.NewEmptyContext(), sql.Function0{
		Name: "backend_name",
		Fn:   func() sql.Expression { return expression.NewLiteral(name, types.LongText) },
	})
	accounts := engine.Analyzer.Catalog.MySQLDb
	accounts.SetPersister(&mysql_db.NoopPersister{})
	editor := accounts.Editor()
	for _, user := range []string{User, "root"} {
		accounts.AddSuperUser(editor, user, "%", Password)
	}
	editor.Close()
	config := server.Config{Listener: l, Address: l.Addr().String(), Version: version}
	sessions := memory.NewSessionBuilder(shop)
	wrap := takeTurns
	if readOnly {
		sessions = discarding(shop)
		wrap = refuseWrites
	}
	return server.NewServerWithHandler(config, engine, sql.NewContext, sessions, nil, func(h mysql.Handler) (mysql.Handler, error) {
		return wrap(greeter{h})
	})
}

// discarding makes sessions whose commits go nowhere. The engine's commit puts
// back every table that the session has read: on a reader it would undo what
// the writer committed meanwhile.
func discarding(shop *memory.DbProvider) server.SessionBuilder {
	return func(_ context.Context, c *mysql.Conn, addr string) (sql.Session, error) {
		client := sql.Client{Address: addr, Capabilities: c.Capabilities}
		if user, ok := c.UserData.(sql.MysqlConnectionUser); ok {
			client.Address, client.User = user.Host, user.User
		}
		base := sql.NewBaseSessionWithClientServer(addr, client, c.ConnectionID)
		return memory.NewSession(base, copies{shop}), nil
	}
}

// copies gives a fresh database with the same tables in place of each one.
type copies struct{ *memory.DbProvider }

// Database gives a copy that nobody else sees; the rows are shared.
func (c copies) Database(ctx *sql.Context, name string) (sql.Database, error) {
	found, err := c.DbProvider.Database(ctx, name)
	if err != nil {
		return nil, err
	}
	original, ok := found.(*memory.Database)
	if !ok {
		return found, nil
	}
	apart := memory.NewDatabase(name)
	for table, t := range original.Tables() {
		if rows, ok := t.(memory.MemTable); ok {
			apart.AddTable(table, rows)
		}
	}
	return apart, nil
}
