package leak

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	gomysql "github.com/go-mysql-org/go-mysql/mysql"

	"github.com/dbmesh/dbmesh/core/wire"
)

// patience bounds one command of a client.
const patience = 60 * time.Second

// raw is a client that speaks packets: no driver lets a test choose statement ids, leave
// out the types of parameters, or stop in the middle of a packet. For one goroutine.
type raw struct {
	conn   net.Conn
	in     *bufio.Reader
	caps   wire.Caps
	seq    byte
	id     uint32 // as greeted
	status uint16 // of the last answer
	login  login
	salt   []byte // of the greeting
	sealed bool   // the session has ended: nothing may be sent any more
}

// login is as whom and how a client comes.
type login struct {
	addr, user, schema string
	collation          byte
}

// password is each account's own name.
func (l login) password() string { return l.user }

const rawCaps = wire.LongPassword | wire.Protocol41 | wire.SecureConn | wire.PluginAuth | wire.ConnectWithDB |
	wire.MultiStmts | wire.MultiResults | wire.LocalFiles

func openRaw(l login) (*raw, error) {
	conn, err := net.DialTimeout("tcp", l.addr, patience)
	if err != nil {
		return nil, err
	}
	r := &raw{conn: conn, in: bufio.NewReader(conn), caps: rawCaps, login: l}
	if err := r.enter(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return r, nil
}

func (r *raw) enter() error {
	r.begin()
	p, err := r.read()
	if err != nil {
		return err
	}
	if p[0] == wire.HeaderErr {
		return refusal(p)
	}
	g, err := wire.ParseGreeting(p)
	if err != nil {
		return err
	}
	r.id, r.salt = g.ConnectionID, bytes.Clone(g.Scramble)
	answer := wire.Login{Caps: r.caps, MaxPacket: 1 << 30, Collation: r.login.collation, User: r.login.user,
		Schema: r.login.schema, Plugin: wire.Native, Auth: gomysql.CalcNativePassword(g.Scramble, []byte(r.login.password()))}
	if err := r.write(answer.Append(nil)); err != nil {
		return err
	}
	return r.settle()
}

// settle answers challenges until OK or ERR.
func (r *raw) settle() error {
	for {
		p, err := r.read()
		if err != nil {
			return err
		}
		switch p[0] {
		case wire.HeaderOK:
			_, err := r.okay(p)
			return err
		case wire.HeaderErr:
			return refusal(p)
		case wire.HeaderEOF:
			sw, err := wire.ParseSwitch(p)
			if err != nil {
				return err
			}
			if sw.Plugin != wire.Native {
				return fmt.Errorf("asked for %s", sw.Plugin)
			}
			if err := r.write(gomysql.CalcNativePassword(sw.Data, []byte(r.login.password()))); err != nil {
				return err
			}
		default:
			return fmt.Errorf("packet %#x during a login", p[0])
		}
	}
}

// begin starts a command's sequence of packets and its time.
func (r *raw) begin() {
	r.seq = 0
	_ = r.conn.SetDeadline(time.Now().Add(patience))
}

// command writes one command.
func (r *raw) command(code byte, payload []byte) error {
	if r.sealed {
		return net.ErrClosed
	}
	r.begin()
	return r.write(append([]byte{code}, payload...))
}

func (r *raw) write(payload []byte) error {
	packet, seq := wire.AppendFrame(nil, payload, r.seq)
	r.seq = seq
	_, err := r.conn.Write(packet)
	return err
}

// read gives the payload of the next packet, which belongs to the caller. None that these
// tests ask for is as long as two frames.
func (r *raw) read() ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(r.in, header[:]); err != nil {
		return nil, err
	}
	if header[3] != r.seq {
		return nil, leakf("a packet has the number %d in place of %d: it belongs to another answer", header[3], r.seq)
	}
	r.seq++
	payload := make([]byte, wire.PayloadLen(header[:]))
	if _, err := io.ReadFull(r.in, payload); err != nil {
		return nil, err
	}
	if len(payload) == 0 {
		return nil, errors.New("an empty packet")
	}
	return payload, nil
}

func (r *raw) okay(p []byte) (wire.OK, error) {
	ok, err := wire.ParseOK(p, r.caps)
	r.status = ok.Status
	return ok, err
}

func refusal(p []byte) error {
	e, err := wire.ParseErr(p)
	if err != nil {
		return err
	}
	return e
}

// query runs a text and gives the result of each of its statements.
func (r *raw) query(sql string) ([]result, error) {
	if err := r.command(comQuery, []byte(sql)); err != nil {
		return nil, err
	}
	return r.results(false)
}

// plain is a command that is answered with OK.
func (r *raw) plain(code byte, payload []byte) error {
	if err := r.command(code, payload); err != nil {
		return err
	}
	_, err := r.results(false)
	return err
}

func (r *raw) reset() error { return r.plain(comResetConnection, nil) }

func (r *raw) use(schema string) error { return r.plain(comInitDB, []byte(schema)) }

func (r *raw) kill(id uint32) error {
	return r.plain(comProcessKill, binary.LittleEndian.AppendUint32(nil, id))
}

// changeUser is COM_CHANGE_USER. TiDB takes an answer to the challenge of the login, others
// ask anew.
func (r *raw) changeUser(user string) error {
	r.login.user = user
	answer := gomysql.CalcNativePassword(r.salt, []byte(r.login.password()))
	u := wire.UserChange{User: user, Schema: r.login.schema, Collation: uint16(r.login.collation), Plugin: wire.Native, Auth: answer}
	r.begin()
	if err := r.write(u.Append(nil, r.caps)); err != nil {
		return err
	}
	return r.settle()
}

// close ends the session: with a farewell, without one, or with a reset of the connection.
func (r *raw) close(how int) {
	r.sealed = true
	switch how {
	case 0:
		r.begin()
		_ = r.write([]byte{comQuit})
	case 1:
		if tcp, ok := r.conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	_ = r.conn.Close()
}
