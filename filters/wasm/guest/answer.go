package guest

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// Which verdicts a hook may give.
const (
	mayDeny  = 1<<abi.OpPass | 1<<abi.OpDeny | 1<<abi.OpDisconnect
	mayRoute = mayDeny | 1<<abi.OpRoute
)

func allowed(h abi.Hook) uint32 {
	switch h {
	case abi.HookSession, abi.HookExecute:
		return mayRoute
	case abi.HookInitDB:
		return mayDeny | 1<<abi.OpRewrite
	case abi.HookQuery:
		return mayRoute | 1<<abi.OpRewrite | 1<<abi.OpReply | 1<<abi.OpOK | 1<<abi.OpList
	case abi.HookPrepare:
		return mayRoute | 1<<abi.OpRewrite | 1<<abi.OpList
	case abi.HookColumns:
		return 1<<abi.OpPass | 1<<abi.OpDeny | 1<<abi.OpMask
	case abi.HookError:
		return 1<<abi.OpPass | 1<<abi.OpDeny
	}
	return 1 << abi.OpPass
}

// cacheable are the verdicts that may have the cacheable bit.
const cacheable = mayRoute | 1<<abi.OpReply | 1<<abi.OpOK

// opNames are the verdicts as messages name them.
var opNames = [...]string{"pass", "deny", "rewrite", "route", "reply", "ok", "disconnect", "list", "mask plan"}

// keepBuffer is the payload up to whose size a Call keeps its buffer.
const keepBuffer = 64 << 10

// read copies a verdict's payload out of the guest and takes it apart.
func (in *instance) read(hook abi.Hook, verdict uint64, c *Call) error {
	op := uint8(verdict) &^ abi.OpCacheable
	bad := func(kind Kind, format string, args ...any) error {
		c.Verdict = Verdict{}
		return &Fault{Kind: kind, Hook: hook, Text: "bad verdict of " + hook.String() + ": " + fmt.Sprintf(format, args...)}
	}
	if int(op) >= len(opNames) {
		return bad(BadVerdict, "there is no verdict %d", op)
	}
	if allowed(hook)&(1<<op) == 0 {
		return bad(BadVerdict, "%s is not among those that it may give", opNames[op])
	}
	c.Verdict.Op = op
	if c.Verdict.Cacheable = uint8(verdict)&abi.OpCacheable != 0; c.Verdict.Cacheable {
		if cacheable&(1<<op) == 0 || hook != abi.HookQuery && hook != abi.HookPrepare {
			return bad(BadVerdict, "%s can't be cacheable there", opNames[op])
		}
	}
	n := uint32(verdict) >> 8
	payload, ok := in.memory.view(uint32(verdict>>32), n)
	if !ok {
		return bad(BadVerdict, "its payload of %d bytes lies outside of its memory", n)
	}
	if n > abi.MaxVerdict && op != abi.OpRewrite && op != abi.OpList {
		return bad(BadVerdict, "its payload has %d bytes, at most %d are allowed", n, abi.MaxVerdict)
	}
	if cap(c.buf) > keepBuffer && n <= keepBuffer {
		c.buf = nil
	}
	c.buf = append(c.buf[:0], payload...)
	if reason := c.Verdict.decode(c, op, c.buf); reason != "" {
		return bad(BadVerdict, "%s", reason)
	}
	if need := c.Verdict.needs(); need != "" && !in.program.granted[need] {
		return bad(NotGranted, "%s needs the capability %s, which was not granted", opNames[op], need)
	}
	return nil
}

// needs is the capability that a verdict needs, "" for none.
func (v *Verdict) needs() string {
	switch {
	case v.Op == abi.OpReply || v.Op == abi.OpOK:
		return abi.CapReply
	case v.Op == abi.OpMask:
		return abi.CapRows
	case v.Route != nil:
		return abi.CapRoute
	}
	return ""
}

// decode reads the payload b of one operation; it says what is wrong with it.
func (v *Verdict) decode(c *Call, op uint8, b []byte) (wrong string) {
	switch op {
	case abi.OpDeny, abi.OpDisconnect:
		return v.decodeError(b)
	case abi.OpRewrite:
		if v.Rewrite = b; len(b) == 0 {
			return "the new text is empty"
		}
	case abi.OpRoute:
		if len(b) < 2 || b[0] > abi.RouteBackend || len(b) > 1+abi.MaxKey {
			return "a route is a kind and a name"
		}
		v.RouteTo, v.Route = b[0], b[1:]
	case abi.OpReply:
		if v.Reply = decodeReply(b); v.Reply == nil {
			return "the reply's rows don't fit into its payload, or it has no columns"
		}
	case abi.OpOK:
		if len(b) < 16 {
			return "an ok has two numbers and a text"
		}
		v.Reply = &core.Reply{Affected: binary.LittleEndian.Uint64(b), InsertID: binary.LittleEndian.Uint64(b[8:]), Info: string(b[16:])}
	case abi.OpList:
		return v.decodeList(c, b)
	case abi.OpMask:
		return v.decodeMasks(c, b)
	}
	return ""
}

func (v *Verdict) decodeError(b []byte) string {
	if len(b) < 7 {
		return "an error is a code, an SQLSTATE of five characters and a message"
	}
	v.Code, v.State, v.Message = binary.LittleEndian.Uint16(b), b[2:7:7], b[7:]
	for _, d := range v.State {
		if (d < '0' || d > '9') && (d < 'A' || d > 'Z') {
			return fmt.Sprintf("%q is no SQLSTATE", v.State)
		}
	}
	if v.Code == 0 {
		return "an error can't have the code 0"
	}
	v.Message = cutBytes(v.Message, abi.MaxMessage)
	return ""
}

func (v *Verdict) decodeList(c *Call, b []byte) string {
	for len(b) > 0 {
		if len(b) < 4 {
			return "its list is cut off"
		}
		head := binary.LittleEndian.Uint32(b)
		n, op := int(head>>8), uint8(head)
		if n > len(b)-4 {
			return "its list is cut off"
		}
		if op == abi.OpRewrite && v.Rewrite != nil || op == abi.OpRoute && v.Route != nil || op != abi.OpRewrite && op != abi.OpRoute {
			return "a list has a rewrite and a route, each at most once"
		}
		if wrong := v.decode(c, op, b[4:4+n:4+n]); wrong != "" {
			return wrong
		}
		b = b[4+n:]
	}
	return ""
}

func (v *Verdict) decodeMasks(c *Call, b []byte) string {
	if len(b) < 2 {
		return "its mask plan is cut off"
	}
	count, b := binary.LittleEndian.Uint16(b), b[2:]
	c.masks = c.masks[:0]
	for range count {
		if len(b) < 8 {
			return "its mask plan is cut off"
		}
		m := core.Mask{Column: int(binary.LittleEndian.Uint16(b)), First: int(b[3]), Last: int(b[4])}
		by, n := b[2], int(binary.LittleEndian.Uint16(b[6:]))
		if n > len(b)-8 {
			return "its mask plan is cut off"
		}
		if m.Column >= len(c.Columns) {
			return fmt.Sprintf("it masks column %d of %d", m.Column, len(c.Columns))
		}
		switch by {
		case abi.MaskNull:
			m.By = core.MaskNull
		case abi.MaskConstant:
			m.By = core.MaskConstant
		case abi.MaskHash:
			m.By = core.MaskHash
		case abi.MaskKeep:
			m.By = core.MaskKeep
		default:
			return fmt.Sprintf("there is no mask %d", by)
		}
		m.Value, b = b[8:8+n:8+n], b[8+n:]
		c.masks = append(c.masks, m)
	}
	v.Masks = c.masks
	return ""
}

// decodeReply makes a reply of its own bytes; nil if the payload is not one.
func decodeReply(b []byte) *core.Reply {
	if len(b) < 4 {
		return nil
	}
	r := cursor{b: append([]byte(nil), b...)}
	columns, rows := int(r.number(2)), int(r.number(2))
	if columns == 0 || columns*2 > len(r.b) {
		return nil
	}
	reply := &core.Reply{Columns: make([]string, columns)}
	for i := range reply.Columns {
		reply.Columns[i] = string(r.bytes(r.number(2)))
	}
	if rows*columns*4 > len(r.b) { // each value has its length
		return nil
	}
	reply.Rows = make([][][]byte, rows)
	for i := range reply.Rows {
		row := make([][]byte, columns)
		for j := range row {
			if n := r.number(4); n != abi.NullLength {
				row[j] = r.bytes(n)
			}
		}
		reply.Rows[i] = row
	}
	if r.short || len(r.b) > 0 {
		return nil
	}
	return reply
}

// cursor reads from the front of b; short says that there was less than asked for.
type cursor struct {
	b     []byte
	short bool
}

func (r *cursor) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)) {
		r.short, n = true, uint32(len(r.b))
	}
	part := r.b[:n:n]
	r.b = r.b[n:]
	return part
}

func (r *cursor) number(size uint32) uint32 {
	n := uint32(0)
	for i, b := range r.bytes(size) {
		n |= uint32(b) << (8 * i)
	}
	return n
}

// cutBytes leaves at most n bytes and no half character behind them.
func cutBytes(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

func cut(text []byte, n int) string { return string(cutBytes(text, n)) }
