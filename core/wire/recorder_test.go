package wire_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
)

// recorder is a client that writes down what is said. It finds the end of an answer without
// the package's help: behind each command it sends a query whose answer cannot be mistaken,
// for a server takes commands in order.
type recorder struct {
	t     *testing.T
	loose bool // the server is not one that the dialogues were written for
	conn  net.Conn
	r     *bufio.Reader
	caps  wire.Caps
	said  transcript
	at    *exchange
	ends  int
}

// record opens a connection and logs in. To a server that is not MariaDB it speaks with
// the capabilities that there are, and expects no number of rows.
func record(t *testing.T, addr, about, user, password string, caps wire.Caps) *recorder {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(2 * time.Minute))
	r := &recorder{t: t, conn: conn, r: bufio.NewReader(conn), said: transcript{about: about}}
	r.begin("login", -1)
	g, err := wire.ParseGreeting(r.read().payload())
	if err != nil {
		t.Fatal(err)
	}
	r.loose = !strings.Contains(g.Version, "MariaDB")
	if r.loose {
		caps &= g.Caps
	}
	r.caps, r.said.caps = caps, caps
	l := wire.Login{Caps: caps, MaxPacket: 1 << 30, Collation: 45, User: user, Schema: "app", Plugin: wire.Native,
		Attrs: wire.AppendAttr(nil, "_client_name", "dbmesh")}
	l.Auth = r.answer(wire.Native, g.Scramble, password)
	r.write(l.Append(nil), 1)
	r.authenticate(password)
	return r
}

// authenticate answers auth switches until the server is content, or not.
func (r *recorder) authenticate(password string) {
	for {
		l := r.read()
		switch l.payload()[0] {
		case wire.HeaderEOF:
			s, err := wire.ParseSwitch(l.payload())
			if err != nil {
				r.t.Fatal(err)
			}
			r.write(r.answer(s.Plugin, s.Data, password), l.frame[3]+1)
		case wire.HeaderOK, wire.HeaderErr:
			return
		default:
			r.t.Fatalf("in the login the server says %q", l.payload())
		}
	}
}

func (r *recorder) answer(plugin string, challenge []byte, password string) []byte {
	a, err := wire.AnswerChallenge(plugin, challenge, password)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *recorder) begin(name string, rows int) {
	if r.loose {
		rows = -1
	}
	r.said.exchanges = append(r.said.exchanges, exchange{name: name, rows: rows})
	r.at = &r.said.exchanges[len(r.said.exchanges)-1]
}

// write sends a packet and returns the next sequence number.
func (r *recorder) write(payload []byte, seq byte) byte {
	b, next := wire.AppendFrame(nil, payload, seq)
	if _, err := r.conn.Write(b); err != nil {
		r.t.Fatalf("%s: %v", r.at.name, err)
	}
	for len(b) > 0 {
		n := wire.HeaderLen + wire.PayloadLen(b)
		r.at.lines = append(r.at.lines, line{'>', b[:n]})
		b = b[n:]
	}
	return next
}

// read takes one frame.
func (r *recorder) read() line {
	l := r.frame()
	r.at.lines = append(r.at.lines, l)
	return l
}

func (r *recorder) frame() line {
	r.t.Helper()
	h := make([]byte, wire.HeaderLen)
	_, err := io.ReadFull(r.r, h)
	if err == nil {
		h = append(h, make([]byte, wire.PayloadLen(h))...)
		_, err = io.ReadFull(r.r, h[wire.HeaderLen:])
	}
	if err != nil {
		r.t.Fatalf("%s: %v", r.at.name, err)
	}
	return line{'<', h}
}

// command sends a command, files first asked for included, and takes the whole answer.
func (r *recorder) command(name string, rows int, payload []byte, files ...string) []line {
	r.t.Helper()
	r.begin(name, rows)
	r.write(payload, 0)
	for _, file := range files {
		l := r.read()
		for l.payload()[0] != wire.HeaderInfile && !refusal(l) { // the answers before it
			l = r.read()
		}
		if refusal(l) {
			break
		}
		seq := l.frame[3] + 1
		if file != "" {
			seq = r.write([]byte(file), seq)
		}
		r.write(nil, seq)
	}
	from := len(r.at.lines)
	r.end()
	return r.at.lines[from:]
}

// refusal says whether a frame is an ERR packet and not a progress report.
func refusal(l line) bool {
	return l.payload()[0] == wire.HeaderErr && !bytes.HasPrefix(l.payload(), []byte("\xff\xff\xff"))
}

// end sends the query that marks the end and takes all frames up to its answer.
func (r *recorder) end() {
	r.t.Helper()
	r.ends++
	mark := fmt.Sprintf("the end of answer %d", r.ends)
	query, _ := wire.AppendFrame(nil, []byte("\x03SELECT '"+mark+"'"), 0)
	if _, err := r.conn.Write(query); err != nil {
		r.t.Fatalf("%s: %v", r.at.name, err)
	}
	row := append([]byte{byte(len(mark))}, mark...)
	var frames []line
	for {
		l := r.frame()
		frames = append(frames, l)
		if bytes.Equal(l.payload(), row) {
			break
		}
	}
	r.frame() // the packet behind the row
	before := 3
	if !r.caps.Has(wire.DeprecateEOF) {
		before = 4
	}
	first := len(frames) - before
	if first < 0 || frames[first].frame[3] != 1 {
		r.t.Fatalf("%s: the mark's answer begins with %v", r.at.name, frames)
	}
	r.at.lines = append(r.at.lines, frames[:first]...)
}

func (r *recorder) query(name string, rows int, text string, files ...string) []line {
	r.t.Helper()
	return r.command(name, rows, []byte("\x03"+text), files...)
}

// prepare gives the statement's id.
func (r *recorder) prepare(name, text string) uint32 {
	r.t.Helper()
	l := r.command(name, 0, []byte("\x16"+text))
	if p := l[0].payload(); p[0] == 0 {
		return binary.LittleEndian.Uint32(p[1:])
	}
	return 0
}

// execute sends a COM_STMT_EXECUTE whose arguments are strings; nil is NULL.
func (r *recorder) execute(name string, rows int, id uint32, flags byte, args ...[]byte) []line {
	r.t.Helper()
	return r.command(name, rows, execution(id, flags, args...))
}

func execution(id uint32, flags byte, args ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{0x17}, id)
	b = append(b, flags, 1, 0, 0, 0)
	if len(args) == 0 {
		return b
	}
	nulls := make([]byte, (len(args)+7)/8)
	var types, values []byte
	for i, a := range args {
		types = append(types, 0xfd, 0)
		if a == nil {
			nulls[i/8] |= 1 << (i % 8)
			continue
		}
		values = append(values, block(a)...)
	}
	return slices.Concat(b, nulls, []byte{1}, types, values)
}

// block is a length-encoded string.
func block(b []byte) []byte {
	n := len(b)
	switch {
	case n < 0xfb:
		return append([]byte{byte(n)}, b...)
	case n < 1<<16:
		return append([]byte{0xfc, byte(n), byte(n >> 8)}, b...)
	case n < 1<<24:
		return append([]byte{0xfd, byte(n), byte(n >> 8), byte(n >> 16)}, b...)
	}
	return append(binary.LittleEndian.AppendUint64([]byte{0xfe}, uint64(n)), b...)
}

// on is a command about a statement.
func on(code byte, id uint32, more string) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{code}, id), more...)
}

// changeUser logs in anew on the same connection.
func (r *recorder) changeUser(name, user, password string) {
	r.begin(name, -1)
	u := wire.UserChange{User: user, Schema: "app", Collation: 45, Plugin: wire.Native, Auth: make([]byte, 20),
		Attrs: wire.AppendAttr(nil, "_client_name", "dbmesh")}
	r.write(u.Append(nil, r.caps), 0)
	r.authenticate(password)
	r.end()
}
