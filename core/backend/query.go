package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// result is what a query of dbmesh's own gave.
type result struct {
	columns []string
	rows    [][][]byte // NULL is nil
}

// maxRows bounds what dbmesh holds of a result; what it asks gives a row or a few.
const maxRows = 1000

// query runs a statement that gives one result. An answer of the server's is its *wire.Err;
// after any other error the line is broken.
func (l *line) query(ctx context.Context, sql string) (*result, error) {
	defer bind(ctx, l.conn)()
	c := l.link.Conn
	c.Seq, c.Limit = 0, maxControlPacket
	if err := c.WritePacket(append([]byte{comQuery}, sql...)); err != nil {
		return nil, err
	}
	p, err := c.ReadPacket()
	if err != nil {
		return nil, err
	}
	if len(p) > 0 && p[0] == wire.HeaderErr {
		return nil, said(p)
	}
	n, ok := wire.ParseCount(p)
	if !ok {
		return nil, fmt.Errorf("control connection: %w", ErrUnexpected)
	}
	r := &result{columns: make([]string, 0, n)}
	for range n {
		if p, err = c.ReadPacket(); err != nil {
			return nil, err
		}
		column, err := wire.ParseColumn(p, l.link.Caps)
		if err != nil {
			return nil, err
		}
		r.columns = append(r.columns, column.Name)
	}
	if _, err = c.ReadPacket(); err != nil { // EOF behind the columns
		return nil, err
	}
	return r, l.readRows(r)
}

func (l *line) readRows(r *result) error {
	for len(r.rows) <= maxRows {
		p, err := l.link.Conn.ReadPacket()
		switch {
		case err != nil:
			return err
		case len(p) > 0 && p[0] == wire.HeaderErr:
			return said(p)
		case len(p) > 0 && len(p) < 9 && p[0] == wire.HeaderEOF:
			return nil
		}
		row, ok := wire.ParseTextRow(p, len(r.columns))
		if !ok {
			return fmt.Errorf("control connection: %w", ErrUnexpected)
		}
		r.rows = append(r.rows, row)
	}
	return fmt.Errorf("control connection: %w: it has more than %d rows", ErrUnexpected, maxRows)
}

// row is query for a result of one row, in which NULL is "".
func (l *line) row(ctx context.Context, sql string, columns int) ([]string, error) {
	r, err := l.query(ctx, sql)
	if err != nil {
		return nil, err
	}
	if len(r.rows) != 1 || len(r.columns) != columns {
		return nil, fmt.Errorf("control connection: %w: %d rows of %d columns", ErrUnexpected, len(r.rows), len(r.columns))
	}
	texts := make([]string, columns)
	for i, v := range r.rows[0] {
		texts[i] = string(v)
	}
	return texts, nil
}

func said(p []byte) error {
	e, err := wire.ParseErr(p)
	if err != nil {
		return err
	}
	return e
}

// watch notices while nobody uses the line that it ends, or that the server says something
// unasked, which is the same. calm ends the watch and says whether the line is in order.
func (l *line) watch() (over <-chan struct{}, calm func() bool) {
	if !l.open() {
		return nil, func() bool { return true }
	}
	conn, done, good := l.conn, make(chan struct{}), false
	_ = conn.SetDeadline(time.Time{})
	go func() {
		defer close(done)
		n, err := conn.Read(make([]byte, 1))
		good = n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
	}()
	return done, func() bool {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		<-done
		return good
	}
}

// lineTo opens a line to a server that is not known to be dead. A login that is cut short
// counts against the host, see knock.
func (s *Source) lineTo(ctx context.Context) (line, error) {
	if s.Backend.State() == core.Down {
		return line{}, fmt.Errorf("backend %q is down: %w", s.Backend.Name, io.ErrClosedPipe)
	}
	if _, err := s.Resolve(ctx); err != nil {
		return line{}, err
	}
	l, release, err := s.logIn(ctx)
	if err != nil {
		return line{}, fmt.Errorf("control account: %w", err)
	}
	release()
	return l, nil
}
