package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
)

// check proves that the server answers, within ctx.
func (p *prober) check(ctx context.Context) error {
	if err := p.known(ctx); err != nil {
		return err
	}
	if p.src.HasControl() {
		return p.ping(ctx)
	}
	return p.knock(ctx)
}

// known makes sure that there is an address to dial.
func (p *prober) known(ctx context.Context) error {
	if _, ok := p.src.Addr(); ok {
		return nil
	}
	err := p.src.refresh(ctx)
	p.renew = time.Now().Add(jittered(resolveEvery))
	return err
}

// dial connects to the server, trying every address that its name has, the one in use
// first. The connection fails when ctx ends; call done when it is no longer ctx's matter.
func (s *Source) dial(ctx context.Context) (conn net.Conn, done func(), err error) {
	addrs := []Address{s.target.fixed}
	if s.target.named() {
		all := s.known.addrs.Load()
		if all == nil {
			return nil, nil, errors.New("the backend's name isn't resolved")
		}
		addrs = *all
	}
	var errs []error
	for _, a := range addrs {
		conn, err := s.net.dial(ctx, a.network(), a.String())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.prefer(a)
		return conn, bound(ctx, conn), nil
	}
	return nil, nil, errors.Join(errs...)
}

// bound makes the connection's reads and writes fail as soon as ctx ends.
func bound(ctx context.Context, conn net.Conn) (done func()) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// knock proves life without an account: the greeting is the proof.
func (p *prober) knock(ctx context.Context) error {
	conn, done, err := p.src.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer done()
	l, err := greet(&NetStream{conn}, p.src, p.src.header())
	if isAnswer(err) {
		return nil
	}
	if err != nil {
		return err
	}
	p.part(l)
	return nil
}

// part ends the handshake.
func (p *prober) part(l *Link) {
	_ = l.Conn.WritePacket([]byte{1})
}

// header is the PROXY protocol header of dbmesh's own connections, which come from nobody
// else: UNKNOWN in version 1, LOCAL in version 2.
func (s *Source) header() []byte {
	switch s.Pool.ProxyProtocol {
	case "v1":
		return []byte("PROXY UNKNOWN\r\n")
	case "v2":
		return []byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00")
	}
	return nil
}

// line is a connection that is logged in with the control account.
type line struct {
	conn net.Conn
	link *Link
}

func (l *line) hangUp() {
	if l.conn != nil {
		_ = l.conn.Close()
		*l = line{}
	}
}

// controlCaps are what a control connection needs: nothing but statements.
const controlCaps = wire.Protocol41 | wire.LongPassword

// maxControlPacket is the longest packet that a control connection announces.
const maxControlPacket = 1 << 20

// utf8mb4 is utf8mb4_general_ci, which every server knows.
const utf8mb4 = 45

// login opens a line with the control account.
func (s *Source) login(ctx context.Context) (line, func(), error) {
	conn, done, err := s.dial(ctx)
	if err != nil {
		return line{}, nil, err
	}
	st := &NetStream{conn}
	link, _, err := Login(st, s, Hello{
		User: s.Pool.Control.User, Password: s.Pool.Control.Password, Caps: controlCaps,
		Collation: utf8mb4, MaxPacket: maxControlPacket, ProxyHeader: s.header(), Own: true,
	})
	if err != nil {
		done()
		_ = conn.Close()
		return line{}, nil, err
	}
	return line{conn: st.Conn, link: link}, done, nil
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
		e, err := wire.ParseErr(p)
		if err != nil {
			return err
		}
		return e
	}
	return fmt.Errorf("control connection: %w", ErrUnexpected)
}

const (
	comQuit  = 0x01
	comQuery = 0x03
	comPing  = 0x0e
)

// ping proves life by a command on the line that is kept. A line that broke is renewed in
// the same probe, for it may have been cut while the server is well.
func (p *prober) ping(ctx context.Context) error {
	if p.line.conn != nil {
		done := bound(ctx, p.line.conn)
		err := p.line.do(comPing, "")
		done()
		if err == nil {
			return nil
		}
		p.line.hangUp()
		if ctx.Err() != nil {
			return err
		}
	}
	l, done, err := p.src.login(ctx)
	if err != nil {
		return err
	}
	defer done()
	p.line = l
	return p.line.do(comPing, "")
}

// Kill cancels the running statement of a connection, or the connection itself, by the
// control account on a connection of its own. It takes at most the pool's connect_timeout.
func (s *Source) Kill(ctx context.Context, id uint32, query bool) error {
	if !s.HasControl() {
		return errors.New("the pool has no control account")
	}
	ctx, cancel := context.WithTimeout(ctx, s.Pool.ConnectTimeout)
	defer cancel()
	if _, err := s.Resolve(ctx); err != nil {
		return err
	}
	l, done, err := s.login(ctx)
	if err != nil {
		return fmt.Errorf("control account: %w", err)
	}
	defer l.hangUp()
	defer done()
	what := "CONNECTION"
	if query {
		what = "QUERY"
	}
	if err := l.do(comQuery, fmt.Sprintf("KILL %s %d", what, id)); err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	l.link.Conn.Seq = 0
	_ = l.link.Conn.WritePacket([]byte{comQuit}) // spares the server's log a warning
	return nil
}
