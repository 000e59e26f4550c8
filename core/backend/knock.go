package backend

import (
	"context"
	"fmt"

	"github.com/dbmesh/dbmesh/core/wire"
)

// knockUser is the account that a probe without a control account asks for. It need not
// exist, and should not.
const knockUser = "dbmesh_health"

// knock proves life without an account: the greeting is the proof, for a stopped server's
// kernel still takes connections.
//
// The handshake must be ended in a way that a server doesn't count against the host: after
// max_connect_errors of them, and no login in between, it refuses the host (error 1129).
// Tried on MariaDB 10.11 with max_connect_errors=10: closing after the greeting, a reset, a
// COM_QUIT, an empty packet and an SSLRequest without a TLS handshake all count, and the
// host is blocked at the tenth. A login that is denied (1045) doesn't count, however often.
// So knock logs in as nobody, with an empty answer.
//
// It sends that before the greeting is there. A server that was stopped finds the login
// waiting when it goes on; without it the probes of that time would all count at once. The
// second packet is the answer to the auth switch that a server may ask for before it denies.
func (p *prober) knock(ctx context.Context) error {
	conn, release, err := p.src.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer release()
	if _, err := conn.Write(knocking(p.src.header())); err != nil {
		return fmt.Errorf("send a probe: %w", err)
	}
	l, err := greet(&NetStream{conn}, p.src, nil)
	switch {
	case isAnswer(err):
		return nil
	case err != nil:
		return err
	}
	l.Conn.Seq++ // the login is sent already
	l.denied()
	return nil
}

// nobody is the login of an account that does not exist.
func nobody() []byte {
	login := wire.Login{
		Caps:      controlCaps | wire.SecureConn | wire.PluginAuth,
		MaxPacket: maxControlPacket, Collation: utf8mb4, User: knockUser, Plugin: wire.Native,
	}
	return login.Append(nil)
}

// knocking is all that a probe sends.
func knocking(header []byte) []byte {
	b, seq := wire.AppendFrame(header, nobody(), 1)
	b, _ = wire.AppendFrame(b, nil, seq+1)
	return b
}

// leave ends a handshake that has come no further than the greeting.
func (l *Link) leave() {
	if l.Conn.WritePacket(nobody()) != nil {
		return
	}
	l.Conn.Seq++ // as if the server had asked for a switch
	if l.Conn.WritePacket(nil) != nil {
		return
	}
	l.Conn.Seq -= 2
	l.denied()
}

// denied reads until the server has denied the login, so that it isn't cut short. An
// account without a password would let it in.
func (l *Link) denied() {
	for range maxSteps {
		p, err := l.Conn.ReadPacket()
		if err != nil || len(p) == 0 || p[0] == wire.HeaderErr {
			return
		}
		if p[0] == wire.HeaderOK {
			l.Conn.Seq = 0
			_ = l.Conn.WritePacket([]byte{comQuit})
			return
		}
		l.Conn.Seq++ // the answer to the switch is sent already
	}
}
