package guest

import (
	"encoding/binary"
	"math"
	"math/bits"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// Server status flags of MySQL's protocol.
const (
	statusTransaction = 1
	statusAutocommit  = 2
)

// textHooks get the statement's text in the block if the guest wants it.
const textHooks = 1<<abi.HookQuery | 1<<abi.HookPrepare | 1<<abi.HookExecute | 1<<abi.HookInitDB

// ask writes the question into the guest's block.
func (in *instance) ask(hook abi.Hook, c *Call) {
	p, le := in.program, binary.LittleEndian
	h := (*[abi.HeaderSize]byte)(in.memory.bytes[in.block:])
	*(*[abi.AtTextCapacity]byte)(h[:]) = [abi.AtTextCapacity]byte{} // as arrays: no call for it
	*(*[abi.AtSlot - abi.AtRows]byte)(h[abi.AtRows:]) = [abi.AtSlot - abi.AtRows]byte{}
	le.PutUint16(h[abi.AtLayout:], abi.Layout)
	le.PutUint16(h[abi.AtHook:], uint16(hook))
	flags := uint32(0)
	if c.Session != nil {
		flags = in.askSession(h, c)
	}
	if c.State == nil { // else the slot of the session before would still stand there
		*(*[abi.SlotSize]byte)(h[abi.AtSlot:]) = [abi.SlotSize]byte{}
	}
	if c.Facts != nil {
		flags |= askFacts(h, c.Facts)
	}
	switch hook {
	case abi.HookExecute:
		flags |= abi.FlagPrepared
		if c.HasParams {
			flags |= abi.FlagParams
			le.PutUint16(h[abi.AtParams:], clip16(len(c.Params)))
		}
		le.PutUint32(h[abi.AtStatementID:], c.StatementID)
	case abi.HookPrepare:
		if c.Facts != nil {
			le.PutUint16(h[abi.AtParams:], clip16(c.Facts.Placeholders))
		}
	case abi.HookColumns:
		le.PutUint16(h[abi.AtColumns:], clip16(len(c.Columns)))
	case abi.HookDone:
		askOutcome(h, c.Outcome)
	}
	if c.Error != nil {
		le.PutUint16(h[abi.AtErrorCode:], c.Error.Code)
	}
	if c.Truncated {
		flags |= abi.FlagTruncated
	}
	if c.Statements > 1 {
		flags |= abi.FlagMulti
	}
	le.PutUint16(h[abi.AtStatement:], clip16(c.Statement))
	le.PutUint16(h[abi.AtStatements:], clip16(max(1, c.Statements)))
	le.PutUint32(h[abi.AtFlags:], flags)
	le.PutUint64(h[abi.AtTime:], uint64(p.clock.coarse()))
	le.PutUint32(h[abi.AtSQLLength:], uint32(len(c.SQL)))
	if p.text > 0 && textHooks&(1<<hook) != 0 {
		n := copy(in.memory.bytes[in.block+abi.HeaderSize:][:min(p.text, in.text)], c.SQL)
		le.PutUint32(h[abi.AtTextLength:], uint32(n))
	}
}

func (in *instance) askSession(h *[abi.HeaderSize]byte, c *Call) uint32 {
	le, s := binary.LittleEndian, c.Session
	le.PutUint64(h[abi.AtSession:], uint64(s.ID))
	le.PutUint64(h[abi.AtSequence:], s.Commands)
	if s.Client.IsValid() {
		*(*[16]byte)(h[abi.AtAddress:]) = s.Client.Addr().As16()
		le.PutUint16(h[abi.AtPort:], s.Client.Port())
	}
	if st := c.State; st != nil {
		if st.owner != in.program || st.user != s.User || st.schema != s.Schema {
			st.number(in.program, s)
		}
		le.PutUint32(h[abi.AtUser:], st.userID)
		le.PutUint32(h[abi.AtSchema:], st.schemaID)
		*(*[abi.SlotSize]byte)(h[abi.AtSlot:]) = st.slot
	}
	return when(s.TLS, abi.FlagTLS) | when(s.Status&statusTransaction != 0, abi.FlagTransaction) |
		when(s.Status&statusAutocommit != 0, abi.FlagAutocommit)
}

func askFacts(h *[abi.HeaderSize]byte, f *core.Facts) uint32 {
	h[abi.AtKind], h[abi.AtAccess] = byte(f.Kind), byte(f.Access)
	binary.LittleEndian.PutUint16(h[abi.AtTables:], clip16(len(f.Tables)))
	binary.LittleEndian.PutUint16(h[abi.AtFunctions:], clip16(len(f.Functions)))
	binary.LittleEndian.PutUint64(h[abi.AtDigest:], digest(f.Digest))
	writes := false
	for i := range f.Tables {
		writes = writes || f.Tables[i].Writes
	}
	return when(f.Where, abi.FlagWhere) | when(f.Limit, abi.FlagLimit) | when(f.Opaque, abi.FlagOpaque) |
		when(f.ReadSafe, abi.FlagReadSafe) | when(f.Locking, abi.FlagLocking) |
		when(f.Into != core.IntoClient, abi.FlagInto) | when(writes, abi.FlagWrites)
}

func askOutcome(h *[abi.HeaderSize]byte, o *core.Outcome) {
	if o == nil {
		return
	}
	le := binary.LittleEndian
	le.PutUint64(h[abi.AtRows:], o.Rows)
	le.PutUint64(h[abi.AtAffected:], o.Affected)
	le.PutUint32(h[abi.AtLatency:], uint32(min(o.Total()/time.Microsecond, math.MaxUint32)))
	le.PutUint32(h[abi.AtBytes:], uint32(min(o.BytesOut, math.MaxUint32)))
	if o.Err != nil {
		le.PutUint16(h[abi.AtErrorCode:], o.Err.Code)
	}
}

// number finds the numbers that stand for user and schema in this program.
func (st *State) number(p *Program, s *core.Session) {
	st.owner, st.user, st.schema = p, s.User, s.Schema
	st.userID, st.schemaID = p.users.id(st.user), p.schemas.id(st.schema)
}

// digest reads the first 8 bytes, 16 hex digits, as a number that has the same digits.
func digest(hex string) uint64 {
	if len(hex) < 16 {
		return 0
	}
	return uint64(digits(hex[:8]))<<32 | uint64(digits(hex[8:16]))
}

// digits reads 8 hex digits at once: one byte each, then pairs, then all together. A
// digit after digit takes longer than all the rest of the header.
func digits(hex string) uint32 {
	_ = hex[7]
	n := uint64(hex[0]) | uint64(hex[1])<<8 | uint64(hex[2])<<16 | uint64(hex[3])<<24 |
		uint64(hex[4])<<32 | uint64(hex[5])<<40 | uint64(hex[6])<<48 | uint64(hex[7])<<56
	n = n&0x0f0f0f0f0f0f0f0f + n>>6&0x0101010101010101*9 // letters have bit 6
	n = (n<<4 | n>>8) & 0x00ff00ff00ff00ff
	n = (n | n>>8) & 0x0000ffff0000ffff
	return bits.ReverseBytes32(uint32(n | n>>16))
}

func when(is bool, flag uint32) uint32 {
	if is {
		return flag
	}
	return 0
}

func clip16(n int) uint16 { return uint16(min(n, math.MaxUint16)) }
