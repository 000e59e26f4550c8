package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// raw is a client that speaks packets, for what no driver would send.
type raw struct {
	net.Conn
	ID      uint32 // as greeted
	caps    wire.Caps
	program string // the attribute program_name; "" sends none
	nowhere bool   // without a default schema
	in      []byte
}

const rawCaps = wire.Protocol41 | wire.SecureConn | wire.PluginAuth | wire.LongPassword |
	wire.MultiResults | wire.MultiStmts | wire.ConnectWithDB

// dialRaw logs in with mysql_native_password.
func dialRaw(t testing.TB, addr, user, password string) *raw {
	t.Helper()
	r, err := openRaw(addr, user, password)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func openRaw(addr, user, password string) (*raw, error) {
	r := &raw{caps: rawCaps}
	return r, r.open(addr, user, password)
}

func (r *raw) open(addr, user, password string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(3 * patience)) // of the whole session
	r.Conn = conn
	if err := r.login(user, password); err != nil {
		_ = conn.Close()
		return err
	}
	return nil
}

func (r *raw) login(user, password string) error {
	c := wire.NewConn(r.Conn)
	p, err := c.ReadPacket()
	if err != nil {
		return err
	}
	g, err := wire.ParseGreeting(p)
	if err != nil {
		return err
	}
	r.ID = g.ConnectionID
	l := wire.Login{Caps: r.caps, MaxPacket: 1 << 30, Collation: 45, User: user, Schema: "app", Plugin: wire.Native,
		Auth: mysql.CalcNativePassword(g.Scramble, []byte(password))}
	if r.nowhere {
		l.Caps, l.Schema = l.Caps&^wire.ConnectWithDB, ""
	}
	if r.program != "" {
		l.Caps |= wire.ConnectAttrs
		l.Attrs = wire.AppendAttr(nil, "program_name", r.program)
	}
	if err := c.WritePacket(l.Append(nil)); err != nil {
		return err
	}
	return settleAuth(c, password)
}

// settleAuth answers auth switches until OK or ERR.
func settleAuth(c *wire.Conn, password string) error {
	for {
		p, err := c.ReadPacket()
		if err != nil {
			return err
		}
		switch p[0] {
		case wire.HeaderOK:
			return nil
		case wire.HeaderErr:
			e, err := wire.ParseErr(p)
			if err != nil {
				return err
			}
			return e
		case wire.HeaderEOF:
			sw, err := wire.ParseSwitch(p)
			if err != nil {
				return err
			}
			if sw.Plugin != wire.Native {
				return fmt.Errorf("asked for %s", sw.Plugin)
			}
			if err := c.WritePacket(mysql.CalcNativePassword(sw.Data, []byte(password))); err != nil {
				return err
			}
		}
	}
}

// send writes one command.
func (r *raw) send(code core.Code, payload []byte) error {
	packet, _ := wire.AppendFrame(nil, append([]byte{byte(code)}, payload...), 0)
	_, err := r.Write(packet)
	return err
}

// response reads to the end of one response.
func (r *raw) response(code core.Code) (*wire.Response, error) {
	var f wire.Response
	f.Begin(byte(code), r.caps)
	buf := make([]byte, 64<<10)
	for {
		n, _ := f.Feed(r.in)
		r.in = r.in[n:]
		if f.Ended() {
			break
		}
		n, err := r.Read(buf)
		if err != nil {
			return nil, err
		}
		r.in = append(r.in, buf[:n]...)
	}
	if f.Malformed {
		return nil, fmt.Errorf("malformed response to %v", code)
	}
	return &f, nil
}

// do is send and response; an ERR packet is an error.
func (r *raw) do(code core.Code, payload []byte) (*wire.Response, error) {
	if err := r.send(code, payload); err != nil {
		return nil, err
	}
	f, err := r.response(code)
	if err == nil && f.Err != nil {
		return f, f.Err
	}
	return f, err
}

func (r *raw) query(sql string) error {
	_, err := r.do(core.Query, []byte(sql))
	return err
}

// execute builds COM_STMT_EXECUTE without parameters.
func execute(id uint32) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, id), 0, 1, 0, 0, 0)
}

// errno is the number of a wire error, 0 for none and -1 for another sort.
func errno(err error) int {
	if err == nil {
		return 0
	}
	var said *wire.Err
	if errors.As(err, &said) {
		return int(said.Code)
	}
	return -1
}
