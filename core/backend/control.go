package backend

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// controlCaps are what a control connection needs: nothing but statements.
const controlCaps = wire.Protocol41 | wire.LongPassword

// maxControlPacket is the longest packet that a control connection announces.
const maxControlPacket = 1 << 20

// utf8mb4 is utf8mb4_general_ci, which every server knows.
const utf8mb4 = 45

const (
	comQuit  = 0x01
	comQuery = 0x03
	comPing  = 0x0e
)

// line is a connection that is logged in with the control account; the zero value is none.
type line struct {
	conn net.Conn
	link *Link
}

func (l *line) open() bool { return l.conn != nil }

// drop closes a line that is broken.
func (l *line) drop() {
	if l.open() {
		_ = l.conn.Close()
		*l = line{}
	}
}

// hangUp closes a line that is in order. The farewell spares the server's log a warning.
func (l *line) hangUp() {
	if l.open() {
		l.link.Conn.Seq = 0
		_ = l.link.Conn.WritePacket([]byte{comQuit})
		l.drop()
	}
}

// do sends one command that is answered by OK or ERR.
func (l *line) do(code byte, arg string) error {
	c := l.link.Conn
	c.Seq = 0
	if err := c.WritePacket(append([]byte{code}, arg...)); err != nil {
		return err
	}
	p, err := c.ReadPacket()
	if err != nil {
		return err
	}
	switch {
	case len(p) > 0 && p[0] == wire.HeaderOK:
		return nil
	case len(p) > 0 && p[0] == wire.HeaderErr:
		return said(p)
	}
	return fmt.Errorf("control connection: %w", ErrUnexpected)
}

// ping asks over the line.
func (l *line) ping(ctx context.Context) error {
	defer bind(ctx, l.conn)()
	return l.do(comPing, "")
}

// logIn opens a line with the control account. Release unbinds it from ctx.
func (s *Source) logIn(ctx context.Context) (l line, release func(), err error) {
	return s.logInAs(ctx, s.Pool.Control.User, s.Pool.Control.Password)
}

func (s *Source) logInAs(ctx context.Context, user string, password core.Secret) (l line, release func(), err error) {
	conn, release, err := s.dial(ctx)
	if err != nil {
		return line{}, nil, err
	}
	st := &NetStream{conn}
	link, _, err := Login(st, s, Hello{
		User: user, Password: password, Caps: controlCaps,
		Collation: utf8mb4, MaxPacket: maxControlPacket, ProxyHeader: s.header(), Own: true,
	})
	if err != nil {
		release()
		_ = conn.Close()
		return line{}, nil, err
	}
	return line{conn: st.Conn, link: link}, release, nil
}

// Kill cancels the running statement of a connection (query), or the connection itself, by
// the control account on a connection of its own. It waits for the server's answer, at most
// the pool's connect_timeout. A connection that has gone already is the server's *wire.Err
// 1094, wrapped.
func (s *Source) Kill(ctx context.Context, id uint32, query bool) error {
	if !s.HasControl() {
		return errors.New("the pool has no control account")
	}
	return s.KillAs(ctx, s.Pool.Control.User, s.Pool.Control.Password, id, query)
}

// KillAs is Kill by another account, of whose rights the server judges.
func (s *Source) KillAs(ctx context.Context, user string, password core.Secret, id uint32, query bool) error {
	ctx, cancel := context.WithTimeout(ctx, s.Pool.ConnectTimeout)
	defer cancel()
	l, err := s.lineAs(ctx, user, password)
	if err != nil {
		return fmt.Errorf("log in as %q to kill: %w", user, err)
	}
	defer l.hangUp()
	what := "CONNECTION"
	if query {
		what = "QUERY"
	}
	if err := s.kill(ctx, &l, what, id); err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	return nil
}
