package backends

import (
	"context"
	"sync"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
)

// turnWait is how long a command waits for another client's transaction: like
// MySQL's innodb_lock_wait_timeout, only shorter.
const turnWait = 10 * time.Second

// turns lets the writer run one transaction at a time. The engine does not lock
// rows: of two transactions side by side, the later commit would undo the other.
type turns struct {
	mysql.Handler
	turn chan struct{} // holds a token while nobody has the turn

	mu     sync.Mutex
	holder *mysql.Conn // who keeps the turn between its commands
}

func takeTurns(h mysql.Handler) (mysql.Handler, error) {
	t := &turns{Handler: h, turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t, nil
}

// ComQuery runs one statement when it is the client's turn.
func (t *turns) ComQuery(ctx context.Context, c *mysql.Conn, query string, reply mysql.ResultSpoolFn) error {
	if err := t.take(ctx, c); err != nil {
		return err
	}
	defer t.give(c)
	return t.Handler.ComQuery(ctx, c, query, reply)
}

// ComMultiQuery runs the first of several statements when it is the client's turn.
func (t *turns) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, reply mysql.ResultSpoolFn) (string, error) {
	if err := t.take(ctx, c); err != nil {
		return "", err
	}
	defer t.give(c)
	return t.Handler.ComMultiQuery(ctx, c, query, reply)
}

// ComStmtExecute runs a prepared statement when it is the client's turn.
func (t *turns) ComStmtExecute(ctx context.Context, c *mysql.Conn, prepared *mysql.PrepareData, reply func(*sqltypes.Result) error) error {
	if err := t.take(ctx, c); err != nil {
		return err
	}
	defer t.give(c)
	return t.Handler.ComStmtExecute(ctx, c, prepared, reply)
}

// ComResetConnection ends the client's transaction and with it the turn.
func (t *turns) ComResetConnection(c *mysql.Conn) error {
	err := t.Handler.ComResetConnection(c)
	t.release(c)
	return err
}

// ConnectionClosed ends the turn of a client that left inside a transaction.
func (t *turns) ConnectionClosed(c *mysql.Conn) {
	t.Handler.ConnectionClosed(c)
	t.release(c)
}

func (t *turns) take(ctx context.Context, c *mysql.Conn) error {
	if t.holds(c) {
		return nil
	}
	limit := time.NewTimer(turnWait)
	defer limit.Stop()
	select {
	case <-t.turn:
	case <-limit.C:
		return mysql.NewSQLError(mysql.ERLockWaitTimeout, mysql.SSUnknownSQLState,
			"Lock wait timeout exceeded; try restarting transaction")
	case <-ctx.Done():
		return ctx.Err()
	}
	t.mu.Lock()
	t.holder = c
	t.mu.Unlock()
	return nil
}

// give passes the turn on unless the command left a transaction open.
func (t *turns) give(c *mysql.Conn) {
	if c.StatusFlags&mysql.ServerInTransaction == 0 {
		t.release(c)
	}
}

func (t *turns) holds(c *mysql.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.holder == c
}

func (t *turns) release(c *mysql.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holder == c {
		t.holder = nil
		t.turn <- struct{}{}
	}
}

// reader gives the engine's refusal of writes the number that MySQL gives it.
type reader struct{ mysql.Handler }

func refuseWrites(h mysql.Handler) (mysql.Handler, error) { return reader{h}, nil }

// ComQuery runs one statement.
func (r reader) ComQuery(ctx context.Context, c *mysql.Conn, query string, reply mysql.ResultSpoolFn) error {
	return refusal(r.Handler.ComQuery(ctx, c, query, reply))
}

// ComMultiQuery runs the first of several statements.
func (r reader) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, reply mysql.ResultSpoolFn) (string, error) {
	rest, err := r.Handler.ComMultiQuery(ctx, c, query, reply)
	return rest, refusal(err)
}

// ComStmtExecute runs a prepared statement.
func (r reader) ComStmtExecute(ctx context.Context, c *mysql.Conn, prepared *mysql.PrepareData, reply func(*sqltypes.Result) error) error {
	return refusal(r.Handler.ComStmtExecute(ctx, c, prepared, reply))
}

func refusal(err error) error {
	if err == nil {
		return nil
	}
	refused := sql.CastSQLError(err)
	if refused.Message == sql.ErrReadOnly.Message {
		return mysql.NewSQLError(mysql.EROptionPreventsStatement, mysql.SSUnknownSQLState,
			"The MySQL server is running with the --read-only option so it cannot execute this statement")
	}
	return err
}
