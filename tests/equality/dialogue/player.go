package dialogue

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
)

// Target is where a dialogue is played and as whom.
type Target struct {
	Addr           string
	User, Password string
	Schema         string
	Charset        byte        // collation, 0 for utf8mb4_general_ci
	Attrs          []byte      // connection attributes
	TLS            *tls.Config // nil for none
	Window         int         // bytes that the kernel may hold for the client; 0 for its default
	// Between is called before each step, or steps that are sent together; nil for nothing.
	Between func() error
}

// player is one connection in the middle of a dialogue.
type player struct {
	conn      net.Conn
	in        io.Reader
	caps      wire.Caps // as agreed
	challenge []byte    // of the greeting
	password  string
	ids       []uint32 // of prepared statements, in order

	said Transcript
	seq  byte // of the next frame
	step Step
	mute bool // frames are not kept
}

// Play logs in, plays the dialogue and returns what was said, and the capabilities that
// were agreed. A connection that the server closes early ends the transcript, which is no
// error here.
func Play(ctx context.Context, to Target, d *Dialogue) (*Transcript, wire.Caps, error) {
	if d.Charset != 0 {
		to.Charset = d.Charset
	}
	caps := d.Caps
	switch d.Schema {
	case "":
	case "none":
		caps &^= wire.ConnectWithDB
	default:
		to.Schema = d.Schema
	}
	p, err := login(ctx, to, caps)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: log in: %w", d.Title(), err)
	}
	defer p.conn.Close()
	for i := 0; i < len(d.Steps); {
		n := 1
		for d.Steps[i].Group != 0 && i+n < len(d.Steps) && d.Steps[i+n].Group == d.Steps[i].Group {
			n++
		}
		if to.Between != nil {
			if err := to.Between(); err != nil {
				return &p.said, p.caps, fmt.Errorf("%s before line %d (%s): %w", d.Title(), d.Steps[i].Line, d.Steps[i].Verb, err)
			}
		}
		err := p.together(d.Steps[i : i+n])
		switch {
		case isClosed(err):
			p.said.Closed = true
			return &p.said, p.caps, nil
		case err != nil:
			return &p.said, p.caps, fmt.Errorf("%s line %d (%s): %w", d.Title(), d.Steps[i].Line, d.Steps[i].Verb, err)
		}
		i += n
	}
	return &p.said, p.caps, nil
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// together sends the commands of the steps in one go and reads their answers in order.
func (p *player) together(steps []Step) error {
	var out []byte
	kinds := make([]kind, len(steps))
	for i, s := range steps {
		if s.Verb == "idle" {
			kinds[i] = farewell
			continue
		}
		payload, k, err := p.command(s)
		if err != nil {
			return err
		}
		p.step, p.seq = s, 0
		out = p.frame(out, payload, asked(k, payload))
		kinds[i] = k
	}
	if err := p.write(out, steps[0].Split); err != nil {
		return err
	}
	for i, s := range steps {
		p.step, p.seq = s, 1
		if err := p.answer(kinds[i]); err != nil {
			return err
		}
		for _, b := range s.Behind {
			_, k, err := p.command(b)
			if err != nil {
				return err
			}
			p.step, p.seq = b, 1
			if err := p.answer(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// asked is how a command itself is compared: what the server or chance gave is in some.
func asked(k kind, payload []byte) string {
	switch {
	case k == quietly:
		return "auth-answer"
	case len(payload) >= 5 && aboutStatement[payload[0]]:
		return "statement-id"
	}
	return ""
}

// aboutStatement are the commands that begin with a statement's id.
var aboutStatement = map[byte]bool{0x17: true, 0x18: true, 0x19: true, 0x1a: true, 0x1c: true, 0xfa: true}

// frame appends a packet's frames and keeps them.
func (p *player) frame(out, payload []byte, mask string) []byte {
	for {
		n := min(len(payload), wire.MaxPayload)
		f := Frame{Seq: p.seq, Payload: payload[:n:n], Step: p.step.Line, Mask: mask}
		if !p.mute {
			p.said.Frames = append(p.said.Frames, f)
		}
		out = f.Append(out)
		payload = payload[n:]
		p.seq++
		if n < wire.MaxPayload {
			return out
		}
	}
}

func (p *player) write(b []byte, split int) error {
	if split <= 0 {
		split = len(b)
	}
	for len(b) > 0 {
		n := min(split, len(b))
		if _, err := p.conn.Write(b[:n]); err != nil {
			return err
		}
		if b = b[n:]; len(b) > 0 {
			time.Sleep(100 * time.Microsecond) // so that the pieces arrive as pieces
		}
	}
	return nil
}

// packet reads one packet, keeps its frames, and returns the first one's payload.
func (p *player) packet() ([]byte, error) {
	var first []byte
	for i := 0; ; i++ {
		var h [wire.HeaderLen]byte
		if _, err := io.ReadFull(p.in, h[:]); err != nil {
			return nil, err
		}
		payload := make([]byte, wire.PayloadLen(h[:]))
		if _, err := io.ReadFull(p.in, payload); err != nil {
			return nil, err
		}
		if !p.mute {
			p.said.Frames = append(p.said.Frames, Frame{FromServer: true, Seq: h[3], Payload: payload, Step: p.step.Line, Mask: p.step.Mask})
		}
		p.seq = h[3] + 1
		if i == 0 {
			first = payload
		}
		if len(payload) < wire.MaxPayload {
			break
		}
	}
	if len(first) == 0 {
		return nil, fmt.Errorf("an empty packet")
	}
	return first, nil
}

// Session is a connection behind its login.
type Session struct {
	Conn net.Conn
	In   io.Reader // reads what the server says; not Conn itself, some may be here already
	Caps wire.Caps // as agreed
}

// Login connects and logs in, for callers that play a dialogue their own way. The
// deadline of ctx stays on the connection.
func Login(ctx context.Context, to Target, want wire.Caps) (*Session, error) {
	p, err := login(ctx, to, want)
	if err != nil {
		return nil, err
	}
	return &Session{Conn: p.conn, In: p.in, Caps: p.caps}, nil
}

// login is the connection phase, of which nothing is kept.
func login(ctx context.Context, to Target, want wire.Caps) (*player, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", to.Addr)
	if err != nil {
		return nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	if to.Window > 0 {
		_ = conn.(*net.TCPConn).SetReadBuffer(to.Window)
	}
	p := &player{conn: conn, password: to.Password}
	c := wire.NewConn(conn)
	if err = p.prove(c, to, want); err != nil {
		conn.Close()
		return nil, err
	}
	p.in = io.MultiReader(bytes.NewReader(bytes.Clone(c.Buffered())), newReader(p.conn))
	return p, nil
}

func (p *player) prove(c *wire.Conn, to Target, want wire.Caps) error {
	b, err := c.ReadPacket()
	if err != nil {
		return err
	}
	g, err := wire.ParseGreeting(b)
	if err != nil {
		return err
	}
	p.challenge = bytes.Clone(g.Scramble)
	p.caps = want & (g.Caps | wire.LongPassword)
	l := wire.Login{Caps: p.caps, MaxPacket: 1 << 30, Collation: cmp.Or(to.Charset, 45), User: to.User, Schema: to.Schema, Plugin: wire.Native, Attrs: to.Attrs}
	if l.Auth, err = wire.AnswerChallenge(wire.Native, p.challenge, to.Password); err != nil {
		return err
	}
	if to.TLS != nil {
		l.Caps |= wire.SSL
		if err := c.WritePacket(l.AppendSSLRequest(nil)); err != nil {
			return err
		}
		inside := tls.Client(p.conn, to.TLS)
		c.Reset(inside)
		p.conn = inside
	}
	if err := c.WritePacket(l.Append(nil)); err != nil {
		return err
	}
	_, err = exchange(c.ReadPacket, c.WritePacket, to.Password)
	return err
}

// exchange answers what the server asks until it says OK or ERR.
func exchange(read func() ([]byte, error), write func([]byte) error, password string) (final []byte, err error) {
	for {
		b, err := read()
		if err != nil {
			return nil, err
		}
		switch b[0] {
		case wire.HeaderOK:
			return b, nil
		case wire.HeaderErr:
			e, err := wire.ParseErr(b)
			if err != nil {
				return nil, err
			}
			return b, e
		case wire.HeaderEOF:
			sw, err := wire.ParseSwitch(b)
			if err != nil {
				return nil, err
			}
			answer, err := wire.AnswerChallenge(sw.Plugin, sw.Data, password)
			if err != nil {
				return nil, err
			}
			if err := write(answer); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("unexpected packet %x in a login", b[0])
		}
	}
}
