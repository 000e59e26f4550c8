package proxy

import (
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// answerRow is the one row of a query of dbmesh's own.
type answerRow struct {
	columns []wire.Column
	values  [][]byte // nil for NULL
	status  uint16
}

// maxAnswer bounds the values that a session's variables may take together.
const maxAnswer = 1 << 20

// ask runs a query of dbmesh's own whose result has at most one row. An error that the
// server answers is its *wire.Err, and leaves the connection in order; any other one doesn't.
func ask(c *wire.Conn, caps wire.Caps, sql []byte) (r answerRow, err error) {
	c.Seq, c.Limit = 0, maxAnswer
	if err := c.WritePacket(append([]byte{byte(core.Query)}, sql...)); err != nil {
		return r, err
	}
	p, err := c.ReadPacket()
	if err != nil {
		return r, err
	}
	if len(p) > 0 && p[0] == wire.HeaderErr {
		return r, refusal(p)
	}
	n, ok := wire.ParseCount(p)
	if !ok {
		return r, fmt.Errorf("answer to a query of dbmesh's own: %w", wire.ErrMalformed)
	}
	for range n {
		if p, err = c.ReadPacket(); err != nil {
			return r, err
		}
		column, err := wire.ParseColumn(p, caps)
		if err != nil {
			return r, err
		}
		r.columns = append(r.columns, column)
	}
	if !caps.Has(wire.DeprecateEOF) {
		if _, err = c.ReadPacket(); err != nil {
			return r, err
		}
	}
	for rows := 0; ; rows++ {
		if p, err = c.ReadPacket(); err != nil {
			return r, err
		}
		switch {
		case len(p) > 0 && p[0] == wire.HeaderErr:
			return r, refusal(p)
		case len(p) > 0 && p[0] == wire.HeaderEOF:
			r.status, err = wire.EndStatus(p, caps)
			return r, err
		case rows > 0:
			return r, fmt.Errorf("answer to a query of dbmesh's own has more than a row: %w", wire.ErrMalformed)
		}
		if r.values, ok = wire.ParseTextRow(p, n); !ok {
			return r, fmt.Errorf("answer to a query of dbmesh's own: %w", wire.ErrMalformed)
		}
	}
}

// refusal is the error that a server answered.
func refusal(p []byte) error {
	e, err := wire.ParseErr(p)
	if err != nil {
		return err
	}
	return e
}

// simple runs a command of dbmesh's own that is answered by OK or ERR.
func simple(c *wire.Conn, code core.Code, arg []byte) error {
	c.Seq = 0
	if err := c.WritePacket(append([]byte{byte(code)}, arg...)); err != nil {
		return err
	}
	return acknowledged(c)
}

// acknowledged reads an OK or ERR.
func acknowledged(c *wire.Conn) error {
	p, err := c.ReadPacket()
	if err != nil {
		return err
	}
	if len(p) == 0 {
		return fmt.Errorf("answer to a command of dbmesh's own: %w", wire.ErrMalformed)
	}
	if p[0] == wire.HeaderErr {
		return refusal(p)
	}
	return nil
}
