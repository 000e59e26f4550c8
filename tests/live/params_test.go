package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// perusal is a filter that writes down the parameters of executes, "false" where there are
// none to be had.
type perusal struct {
	mu    sync.Mutex
	seen  []string
	reads bool
	deny  atomic.Bool
}

func (p *perusal) ReadsParams() bool { return p.reads }

func (p *perusal) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if c.Code != core.Execute {
		return core.Continue(), nil
	}
	params, ok := c.Params()
	if again, same := c.Params(); same != ok || len(again) != len(params) {
		return core.Continue(), &core.Fault{Reason: "the parameters change"}
	}
	var all []string
	for _, x := range params {
		all = append(all, show(x.Type, string(x.Text)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ok {
		all = []string{"false"}
	}
	p.seen = append(p.seen, strings.Join(all, " | "))
	if p.deny.Load() {
		return core.Deny(1644, "45000", "denied"), nil
	}
	return core.Continue(), nil
}

func show(t core.ParamType, text string) string {
	return [...]string{"null", "int", "uint", "float", "text", "bytes", "time", "unknown"}[t] + " " + text
}

// take gives what was seen since the last call.
func (p *perusal) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.seen = nil }()
	return p.seen
}

func (p *perusal) kind() core.Kind {
	return core.Kind{New: func(_ string, decode core.Decode) (core.Filter, error) {
		var c struct{}
		return p, decode(&c)
	}}
}

func perusedMesh(t *testing.T, p *perusal) *mesh {
	t.Helper()
	return startMesh(t, parts{kinds: core.Registry{"perusal": p.kind()}},
		before(shared.MariaDB(t).Backend, usualLinks+"{kind: perusal, on_failure: closed}").text())
}

// param is a parameter as a client sends it.
type param struct {
	kind, flags byte
	data        string
	null        bool
	pieces      bool   // it was sent before
	want        string // what a filter sees
	server      string // what the server got, where that is not the same
}

func le(n int, v uint64) string {
	return string(binary.LittleEndian.AppendUint64(nil, v)[:n])
}

func block(s string) string {
	if n := len(s); n > 250 {
		return "\xfc" + le(2, uint64(n)) + s
	}
	return string([]byte{byte(len(s))}) + s
}

// bind is COM_STMT_EXECUTE's payload.
func bind(id uint32, types bool, params ...param) []byte {
	b := append(binary.LittleEndian.AppendUint32(nil, id), 0, 1, 0, 0, 0)
	nulls := make([]byte, (len(params)+7)/8)
	for i, p := range params {
		if p.null {
			nulls[i/8] |= 1 << (i % 8)
		}
	}
	b = append(b, nulls...)
	if !types {
		b = append(b, 0)
	} else {
		b = append(b, 1)
		for _, p := range params {
			b = append(b, p.kind, p.flags)
		}
	}
	for _, p := range params {
		if !p.null && !p.pieces {
			b = append(b, p.data...)
		}
	}
	return b
}

// echo executes and reads the one row of texts that comes back.
func (r *raw) echo(payload []byte, columns int) ([]string, error) {
	if err := r.send(core.Execute, payload); err != nil {
		return nil, err
	}
	c := wire.NewConn(r.Conn)
	c.Seq = byte(1 + (1+len(payload))/wire.MaxPayload)
	var row []byte
	for ends := 0; ends < 2; {
		p, err := c.ReadPacket()
		switch {
		case err != nil:
			return nil, err
		case p[0] == wire.HeaderErr:
			e, _ := wire.ParseErr(p)
			return nil, e
		case p[0] == wire.HeaderEOF && len(p) == 5:
			ends++
		case ends == 1:
			row = bytes.Clone(p)
		}
	}
	nulls, rest := row[1:1+(columns+9)/8], row[1+(columns+9)/8:]
	var all []string
	for i := range columns {
		if nulls[(i+2)/8]&(1<<((i+2)%8)) != 0 {
			all = append(all, "NULL")
			continue
		}
		n, skip := int(rest[0]), 1
		if rest[0] == 0xfc {
			n, skip = int(binary.LittleEndian.Uint16(rest[1:])), 3
		}
		all = append(all, string(rest[skip:skip+n]))
		rest = rest[skip+n:]
	}
	return all, nil
}

// prepareEcho prepares a statement that gives its parameters back as text.
func (r *raw) prepareEcho(t *testing.T, n int) uint32 {
	t.Helper()
	f, err := r.do(core.Prepare, []byte("SELECT "+strings.TrimSuffix(strings.Repeat("CAST(? AS CHAR), ", n), ", ")))
	if err != nil {
		t.Fatal(err)
	}
	if int(f.Params) != n {
		t.Fatalf("%d parameters, want %d", f.Params, n)
	}
	return f.StatementID
}

func params32() []param {
	const u = 0x80
	date := func(parts ...byte) string { return string(append([]byte{byte(len(parts))}, parts...)) }
	return []param{
		{kind: 1, data: "\xff", want: "int -1"},
		{kind: 1, flags: u, data: "\xff", want: "uint 255"},
		{kind: 2, data: le(2, 0x8000), want: "int -32768"},
		{kind: 2, flags: u, data: le(2, 65535), want: "uint 65535"},
		{kind: 3, data: le(4, 1<<31), want: "int -2147483648"},
		{kind: 3, flags: u, data: le(4, 1<<32-1), want: "uint 4294967295"},
		{kind: 8, data: le(8, 1<<63), want: "int -9223372036854775808"},
		{kind: 8, flags: u, data: le(8, math.MaxUint64), want: "uint 18446744073709551615"},
		{kind: 4, data: le(4, uint64(math.Float32bits(1.5))), want: "float 1.5"},
		{kind: 5, data: le(8, math.Float64bits(-0.1)), want: "float -0.1"},
		{kind: 5, data: le(8, math.Float64bits(1e15)), want: "float 1000000000000000", server: "1e15"},
		{kind: 5, data: le(8, math.Float64bits(1e-7)), want: "float 1e-07", server: "0.0000001"},
		{kind: 6, null: true, want: "null ", server: "NULL"},
		{kind: 3, null: true, want: "null ", server: "NULL"},
		{kind: 0, data: block("-12.50"), want: "text -12.50"},
		{kind: 246, data: block("0.125"), want: "text 0.125"},
		{kind: 254, data: block("it's"), want: "text it's"},
		{kind: 253, data: block(""), want: "text "},
		{kind: 15, data: block(strings.Repeat("é", 200)), want: "text " + strings.Repeat("é", 200)},
		{kind: 252, data: block("a\x01"), want: "bytes a\x01"},
		{kind: 249, data: block("tiny"), want: "bytes tiny"},
		{kind: 250, data: block("medium"), want: "bytes medium"},
		{kind: 251, data: block("long"), want: "bytes long"},
		{kind: 10, data: date(0xea, 7, 11, 23), want: "time 2026-11-23"},
		{kind: 12, data: date(0xea, 7, 11, 23), want: "time 2026-11-23 00:00:00"},
		{kind: 12, data: date(0xea, 7, 11, 23, 1, 2, 3), want: "time 2026-11-23 01:02:03"},
		{kind: 7, data: date(0xea, 7, 11, 23, 1, 2, 3, 7, 0, 0, 0), want: "time 2026-11-23 01:02:03.000007"},
		{kind: 12, data: date(), want: "time 0000-00-00 00:00:00"},
		{kind: 10, data: date(), want: "time 0000-00-00"},
		{kind: 11, data: date(0, 0, 0, 0, 0, 1, 2, 3), want: "time 01:02:03"},
		{kind: 11, data: date(1, 2, 0, 0, 0, 10, 5, 6, 0x3f, 0x42, 0x0f, 0), want: "time -58:05:06.999999"},
		{kind: 11, data: date(), want: "time 00:00:00"},
	}
}

// Each type is sent alone and all of them at once, and compared with what the server took
// them for.
func TestFiltersSeeTheParametersThatTheServerGot(t *testing.T) {
	p := &perusal{reads: true}
	m := perusedMesh(t, p)
	r := dialRaw(t, m.addr(), "app", "app")
	all := params32()
	check := func(params ...param) {
		t.Helper()
		got, err := r.echo(bind(r.prepareEcho(t, len(params)), true, params...), len(params))
		if err != nil {
			t.Fatalf("%+v: %v", params, err)
		}
		var want []string
		for i, x := range params {
			want = append(want, x.want)
			server := x.server
			if server == "" {
				_, server, _ = strings.Cut(x.want, " ")
			}
			if !sameValue(got[i], server) {
				t.Errorf("the server got %q of %+v, want %q", got[i], x, server)
			}
		}
		if seen := p.take(); !slices.Equal(seen, []string{strings.Join(want, " | ")}) {
			t.Errorf("the filter saw\n%q, want\n%q", seen, want)
		}
	}
	for _, x := range all {
		check(x)
	}
	check(all...)
}

// sameValue compares texts, and numbers that are written in another way.
func sameValue(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return a == b || errX == nil && errY == nil && x == y
}
