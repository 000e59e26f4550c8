//go:build !wasip1

package dbmeshtest

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"time"
	"unsafe"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/dbmesh"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/fake"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// call is one hook's call: what the block will say, and what host functions will.
type call struct {
	fake.Command
	about    string // for messages
	settings settings
	session  *Session
	header   host.Header
	marks    uint16 // question marks
}

// Ended is how a command ended. Code 0 is success.
type Ended struct {
	Latency        time.Duration
	Rows, Affected uint64
	Bytes          uint32
	Code           int
	State, Message string
}

func (e Ended) fill(c *call) {
	h := &c.header
	h.Latency = uint32(min(e.Latency.Microseconds(), math.MaxUint32))
	h.Rows, h.Affected, h.Bytes, h.ErrorCode = e.Rows, e.Affected, e.Bytes, uint16(e.Code)
	c.Error = [2]string{e.Message, e.State}
}

func (s *Session) call(about string, options []Option) call {
	c := call{about: about, settings: s.base.with(options), session: s}
	p, h := s.proxy, &c.header
	h.Session, h.Sequence = s.id, s.sequence
	h.User, h.Schema = p.number(c.settings.strings[abi.StrUser]), p.number(c.settings.strings[abi.StrSchema])
	if a := c.settings.address; a.IsValid() {
		h.Address, h.Port = a.Addr().As16(), a.Port()
	}
	h.Flags = c.settings.flags
	h.Statements = 1
	return c
}

// fill takes over the facts about one statement.
func (c *call) fill(f facts, sql string) {
	h := &c.header
	c.marks = uint16(f.Placeholders)
	h.Kind, h.Access = uint8(numbered(abi.KindName, f.Kind)), uint8(numbered(abi.AccessName, f.Access))
	for flag, is := range map[uint32]bool{
		abi.FlagWhere: f.Where, abi.FlagLimit: f.Limit, abi.FlagOpaque: f.Opaque, abi.FlagReadSafe: f.ReadSafe,
		abi.FlagLocking: f.Locking, abi.FlagInto: f.Into == "variables" || f.Into == "file",
	} {
		if is {
			h.Flags |= flag
		}
	}
	for _, t := range f.Tables {
		c.Tables = append(c.Tables, fake.Table{Full: c.full(t.Schema, t.Name), Written: t.Access == "write"})
		if t.Access == "write" {
			h.Flags |= abi.FlagWrites
		}
	}
	c.HasText, c.SQL = true, sql
	c.Functions, c.Digest, c.DigestText = f.Functions, f.Digest, f.DigestText
	if digest, err := hex.DecodeString(f.Digest); err == nil && len(digest) >= 8 {
		h.Digest = binary.BigEndian.Uint64(digest) // so that it has the same digits
	}
}

// place takes over where things stand in the text of a lone statement.
func (c *call) place(a *answer) {
	if a.Ranges == nil {
		return
	}
	for _, t := range a.Ranges.Tables {
		c.Places = append(c.Places, fake.Place{Range: fake.Range{Start: t.Start, End: t.End}, Full: c.full(t.Schema, t.Name)})
	}
	numbers := map[string]int32{"from": abi.ClauseFrom, "where": abi.ClauseWhere, "group": abi.ClauseGroup,
		"having": abi.ClauseHaving, "order": abi.ClauseOrder, "limit": abi.ClauseLimit}
	c.Clauses = map[int32]fake.Range{}
	for _, clause := range a.Ranges.Clauses {
		if number, ok := numbers[clause.Name]; ok {
			c.Clauses[number] = fake.Range{Start: clause.Start, End: clause.End}
		}
	}
}

// full is a table's name with the default schema filled in.
func (c *call) full(schema, name string) string {
	if schema == "" {
		schema = c.settings.strings[abi.StrSchema]
	}
	if schema == "" {
		return name
	}
	return schema + "." + name
}

// numbered finds the number of a name; a name of a newer dbmesh is 0, unknown.
func numbered(name func(int) string, want string) int {
	for n := range 256 {
		if name(n) == want {
			return n
		}
	}
	return 0
}

// run calls a hook as dbmesh does, and reads its verdict.
func (p *Proxy) run(hook, arg int32, c call) *Outcome {
	p.t.Helper()
	running.Lock()
	defer running.Unlock()
	if err := p.enter(); err != nil {
		p.t.Fatalf("the filter refuses its configuration: %v", err)
	}
	guest := dbmesh.Guest()
	wants := guest.Hooks()
	out := &Outcome{t: p.t, about: c.about}
	if wants&(1<<hook) == 0 { // dbmesh goes on without asking
		out.Verdict, out.unasked = "pass", abi.HookName(int(hook))
		return out
	}
	p.fill(hook, wants, &c)
	if s := c.session; s != nil {
		s.kept.Strings, s.kept.Attributes = c.settings.strings, c.settings.attributes
		host.Block.Slot = s.kept.Slot
		host.Current.Session = &s.kept
	} else {
		host.Current.Session = nil
	}
	host.Current.Command = c.Command
	op, payload := guest.Call(hook, arg)
	if s := c.session; s != nil {
		s.kept.Slot = host.Block.Slot
	}
	out.read(hook, op, payload)
	guest.Spoil()
	return out
}

// fill writes the block.
func (p *Proxy) fill(hook int32, wants int64, c *call) {
	h := &c.header
	h.Layout, h.Hook, h.Time = abi.Layout, uint16(hook), p.now.UnixMilli()
	h.Tables, h.Functions, h.SQLLength = uint16(len(c.Tables)), uint16(len(c.Functions)), uint32(len(c.SQL))
	h.Columns = uint16(len(c.Columns))
	switch hook {
	case abi.HookPrepare:
		h.Params = c.marks
	case abi.HookExecute:
		h.Flags |= abi.FlagPrepared
		h.StatementID = c.settings.statementID
		if wants&abi.WantParams != 0 {
			h.Flags |= abi.FlagParams
			c.Params = c.settings.params
			h.Params = uint16(len(c.Params))
		}
	}
	h.TextCapacity = host.Block.TextCapacity
	switch hook {
	case abi.HookInitDB, abi.HookQuery, abi.HookPrepare, abi.HookExecute:
		h.TextLength = uint32(min(int64(len(c.SQL)), wants>>abi.WantTextShift, int64(h.TextCapacity)))
	}
	*host.Block = *h
	copy(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(host.Block), abi.HeaderSize)), h.TextLength), c.SQL)
}
