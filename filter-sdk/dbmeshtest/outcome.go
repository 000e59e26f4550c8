//go:build !wasip1

package dbmeshtest

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

// Outcome is the filter's verdict. Its fields say what goes with it; the others are zero.
type Outcome struct {
	Verdict       string // pass, deny, rewrite, route, reply, ok, disconnect, list or mask
	Cacheable     bool
	Code          int // of a deny or disconnect
	State         string
	Message       string
	SQL           string // of a rewrite, and of a list with one; OnInitDB's schema
	Pool, Backend string // of a route, and of a list with one
	Columns       []string
	Rows          [][]*string // of a reply; nil is NULL
	Affected      uint64
	InsertID      uint64
	Info          string // of an ok
	Masks         []Mask

	t       testing.TB
	about   string
	unasked string // the hook that the filter does not have
}

// Mask is what becomes of a column's values.
type Mask struct {
	Column      int
	By          int // abi.MaskNull and so on
	First, Last int
	Text        string
}

// verdicts are names by op.
func verdicts() []string {
	return []string{"pass", "deny", "rewrite", "route", "reply", "ok", "disconnect", "list", "mask"}
}

// permitted are the verdicts of a hook, by op.
func permitted(hook int32) []uint8 {
	switch hook {
	case abi.HookSession, abi.HookExecute:
		return []uint8{abi.OpPass, abi.OpDeny, abi.OpRoute, abi.OpDisconnect}
	case abi.HookInitDB:
		return []uint8{abi.OpPass, abi.OpDeny, abi.OpRewrite, abi.OpDisconnect}
	case abi.HookQuery:
		return []uint8{abi.OpPass, abi.OpDeny, abi.OpRewrite, abi.OpRoute, abi.OpReply, abi.OpOK, abi.OpDisconnect, abi.OpList}
	case abi.HookPrepare:
		return []uint8{abi.OpPass, abi.OpDeny, abi.OpRewrite, abi.OpRoute, abi.OpDisconnect, abi.OpList}
	case abi.HookColumns:
		return []uint8{abi.OpPass, abi.OpDeny, abi.OpMask}
	case abi.HookError:
		return []uint8{abi.OpPass, abi.OpDeny}
	}
	return []uint8{abi.OpPass}
}

// read takes the verdict apart as dbmesh does. What dbmesh would not accept fails the test.
func (o *Outcome) read(hook int32, op uint8, payload string) {
	o.t.Helper()
	o.Cacheable = op&abi.OpCacheable != 0
	op &^= abi.OpCacheable
	name := abi.HookName(int(hook))
	o.Verdict = verdicts()[op]
	most := abi.MaxVerdict
	if op == abi.OpRewrite || op == abi.OpList {
		most = abi.MaxRewrite
	}
	switch {
	case !slices.Contains(permitted(hook), op):
		o.t.Fatalf("%s: dbmesh takes no %s from %s", o.about, o.Verdict, name)
	case o.Cacheable && (op == abi.OpRewrite || op == abi.OpList || op == abi.OpMask || hook != abi.HookQuery && hook != abi.HookPrepare):
		o.t.Fatalf("%s: a %s of %s can't be cacheable", o.about, o.Verdict, name)
	case len(payload) > most:
		o.t.Fatalf("%s: the %s has %d bytes, dbmesh takes %d", o.about, o.Verdict, len(payload), most)
	}
	o.decode(op, payload)
}

func (o *Outcome) decode(op uint8, payload string) {
	p := reader(payload)
	switch op {
	case abi.OpDeny, abi.OpDisconnect:
		o.Code, o.State, o.Message = int(p.u16()), p.bytes(5), string(p)
	case abi.OpRewrite:
		o.SQL = strings.Clone(payload)
	case abi.OpRoute:
		if to := p.bytes(1); to[0] == abi.RouteBackend {
			o.Backend = strings.Clone(string(p))
		} else {
			o.Pool = strings.Clone(string(p))
		}
	case abi.OpReply:
		o.decodeReply(p)
	case abi.OpOK:
		o.Affected, o.InsertID, o.Info = p.u64(), p.u64(), strings.Clone(string(p))
	case abi.OpList:
		seen := map[uint8]bool{}
		for len(p) > 0 {
			head := p.u32()
			one := uint8(head)
			if one != abi.OpRewrite && one != abi.OpRoute || seen[one] {
				o.t.Fatalf("%s: dbmesh takes from Both a rewrite and a route only", o.about)
			}
			seen[one] = true
			o.decode(one, p.bytes(int(head>>8)))
		}
	case abi.OpMask:
		for range p.u16() {
			m := Mask{Column: int(p.u16())}
			how := p.bytes(4)
			m.By, m.First, m.Last = int(how[0]), int(how[1]), int(how[2])
			m.Text = p.bytes(int(p.u16()))
			o.Masks = append(o.Masks, m)
		}
	}
}

func (o *Outcome) decodeReply(p reader) {
	columns, rows := int(p.u16()), int(p.u16())
	for range columns {
		o.Columns = append(o.Columns, p.bytes(int(p.u16())))
	}
	for range rows {
		var row []*string
		for range columns {
			n := p.u32()
			if n == abi.NullLength {
				row = append(row, nil)
				continue
			}
			text := p.bytes(int(n))
			row = append(row, &text)
		}
		o.Rows = append(o.Rows, row)
	}
}

// reader takes a payload apart. The SDK has made it, so it is in order.
type reader string

func (r *reader) bytes(n int) string {
	text := strings.Clone(string((*r)[:n]))
	*r = (*r)[n:]
	return text
}

func (r *reader) u16() uint16 { return binary.LittleEndian.Uint16([]byte(r.bytes(2))) }
func (r *reader) u32() uint32 { return binary.LittleEndian.Uint32([]byte(r.bytes(4))) }
func (r *reader) u64() uint64 { return binary.LittleEndian.Uint64([]byte(r.bytes(8))) }

// together is what becomes of a text of several statements.
func (s *Session) together(sql string, a *answer, all []*Outcome) *Outcome {
	if len(all) == 1 && all[0].Verdict != "rewrite" {
		return all[0]
	}
	whole := &Outcome{t: s.proxy.t, about: sql, Verdict: "pass"}
	text, at := "", 0
	for i, o := range all {
		switch o.Verdict {
		case "deny", "disconnect":
			if whole.Verdict != "disconnect" && (whole.Verdict != "deny" || o.Verdict == "disconnect") {
				o.about = sql
				whole = o
			}
		case "reply", "ok", "route", "list":
			if whole.Verdict == "pass" {
				whole.Verdict, whole.Code, whole.State = "deny", 1105, "HY000"
				whole.Message = "the verdict " + o.Verdict + " is not possible for one of several statements in one text"
			}
		case "rewrite":
			text += sql[at:a.Statements[i].Start] + o.SQL
			at = a.Statements[i].End
		}
	}
	if at > 0 && whole.Verdict == "pass" {
		whole.Verdict, whole.SQL = "rewrite", text+sql[at:]
	}
	return whole
}
