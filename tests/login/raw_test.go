package login

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
)

// raw is a client made of core/wire, for what no library can be made to do. It keeps the
// shape of the exchange: one line for each packet.
type raw struct {
	*wire.Conn
	net      net.Conn
	greeting *wire.Greeting
	caps     wire.Caps
	shape    []string

	plugin    string
	challenge []byte
	encrypted bool
}

// rawWait bounds each dialogue: a server that says nothing fails the test.
const rawWait = time.Minute

const rawCaps = wire.Protocol41 | wire.SecureConn | wire.PluginAuth | wire.AuthLenenc | wire.ConnectAttrs |
	wire.LongPassword | wire.MultiStmts | wire.MultiResults

// dial connects and reads the greeting; before comes first, such as a PROXY header.
func dial(t *testing.T, network, address string, before ...byte) (*raw, error) {
	t.Helper()
	n, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	_ = n.SetDeadline(time.Now().Add(rawWait))
	if _, err := n.Write(before); err != nil {
		return nil, err
	}
	r := &raw{Conn: wire.NewConn(n), net: n, caps: rawCaps}
	p, err := r.ReadPacket()
	if err != nil {
		return nil, err
	}
	if r.greeting, err = wire.ParseGreeting(p); err != nil {
		return nil, err
	}
	r.caps &= r.greeting.Caps | wire.LongPassword
	r.plugin, r.challenge = r.greeting.Plugin, r.greeting.Scramble
	return r, nil
}

// startTLS asks for TLS. The ClientHello follows at once or, with early, in the same write.
func (r *raw) startTLS(c *tls.Config) error {
	r.caps |= wire.SSL
	request := &wire.Login{Caps: r.caps, MaxPacket: 1 << 24, Collation: 45}
	if err := r.WritePacket(request.AppendSSLRequest(nil)); err != nil {
		return err
	}
	inside := tls.Client(r.net, c)
	if err := inside.Handshake(); err != nil {
		return err
	}
	r.Reset(inside)
	r.encrypted = true
	return nil
}

// login proves the password by whatever plugin is asked for. The error of a refusal is a
// *wire.Err.
func (r *raw) login(user, password, schema string) error {
	caps := r.caps
	if schema != "" {
		caps |= wire.ConnectWithDB
	}
	answer, err := wire.AnswerChallenge(r.plugin, r.challenge, password)
	if err != nil {
		return err
	}
	l := &wire.Login{Caps: caps, MaxPacket: 1 << 24, Collation: 45, User: user, Auth: answer, Schema: schema, Plugin: r.plugin}
	if err := r.WritePacket(l.Append(nil)); err != nil {
		return err
	}
	return r.prove(password)
}

// change sends COM_CHANGE_USER with an answer to a challenge that is spent, as clients do.
func (r *raw) change(user, password, schema string) error {
	r.Seq = 0
	answer, err := wire.AnswerChallenge(r.plugin, r.challenge, password)
	if err != nil {
		return err
	}
	u := &wire.UserChange{User: user, Schema: schema, Auth: answer, Collation: 45, Plugin: r.plugin}
	if err := r.WritePacket(u.Append(nil, r.caps)); err != nil {
		return err
	}
	return r.prove(password)
}

var errShape = errors.New("unexpected packet")

func (r *raw) prove(password string) error {
	for range 8 {
		p, err := r.ReadPacket()
		if err != nil {
			return err
		}
		if len(p) == 0 {
			return errShape
		}
		switch p[0] {
		case wire.HeaderOK:
			r.note("OK")
			return nil
		case wire.HeaderErr:
			e, err := wire.ParseErr(p)
			if err != nil {
				return err
			}
			r.note("ERR %d %s", e.Code, e.State)
			return e
		case wire.HeaderEOF:
			s, err := wire.ParseSwitch(p)
			if err != nil {
				return err
			}
			r.note("switch to %s with %d bytes", s.Plugin, len(s.Data))
			r.plugin, r.challenge = s.Plugin, append([]byte(nil), s.Data...)
			answer, err := wire.AnswerChallenge(s.Plugin, r.challenge, password)
			if err == nil {
				err = r.WritePacket(answer)
			}
			if err != nil {
				return err
			}
		case wire.HeaderMoreData:
			if err := r.more(p[1:], password); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w %#x", errShape, p[0])
		}
	}
	return errShape
}

// more is the part of caching_sha2_password that follows the answer.
func (r *raw) more(data []byte, password string) error {
	switch {
	case len(data) == 1 && data[0] == wire.SHA2FastOK:
		r.note("fast")
		return nil
	case len(data) == 1 && data[0] == wire.SHA2Full:
		r.note("full")
		if r.encrypted || r.net.RemoteAddr().Network() == "unix" {
			return r.WritePacket(append([]byte(password), 0))
		}
		return r.WritePacket([]byte{wire.SHA2KeyWanted})
	}
	r.note("key")
	key, err := publicKey(data)
	if err != nil {
		return err
	}
	secret, err := wire.EncryptPassword(password, r.challenge, key)
	if err != nil {
		return err
	}
	return r.WritePacket(secret)
}

func publicKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%w: no PEM", errShape)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	rsaKey, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: no RSA key", errShape)
	}
	return rsaKey, nil
}

func (r *raw) note(format string, args ...any) {
	r.shape = append(r.shape, fmt.Sprintf(format, args...))
}

// value asks for one value of one short row.
func (r *raw) value(sql string) (string, error) {
	r.Seq = 0
	if err := r.WritePacket(append([]byte{0x03}, sql...)); err != nil {
		return "", err
	}
	var cells []string
	for eofs := 0; eofs < 2; {
		p, err := r.ReadPacket()
		if err != nil {
			return "", err
		}
		switch {
		case p[0] == wire.HeaderErr:
			e, err := wire.ParseErr(p)
			if err != nil {
				return "", err
			}
			return "", e
		case p[0] == wire.HeaderEOF && len(p) < 9:
			eofs++
		case eofs == 1 && p[0] == 0xfb:
			cells = append(cells, "NULL")
		case eofs == 1:
			cells = append(cells, string(p[1:1+int(p[0])]))
		}
	}
	if len(cells) != 1 {
		return "", fmt.Errorf("%w: %d rows", errShape, len(cells))
	}
	return cells[0], nil
}

// code is the server's error number in an error; 0 if it is another.
func code(err error) int {
	var e *wire.Err
	if errors.As(err, &e) {
		return int(e.Code)
	}
	return 0
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// enter is dial and login that must succeed.
func enter(t *testing.T, address, user, password, schema string) *raw {
	t.Helper()
	r, err := dial(t, "tcp", address)
	must(t, err)
	must(t, r.login(user, password, schema))
	return r
}

func (r *raw) mustValue(t *testing.T, sql string) string {
	t.Helper()
	v, err := r.value(sql)
	must(t, err)
	return v
}
