package dbmesh

import (
	"strings"
	"time"
	"unsafe"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// Session is who speaks. It has no memory of its own: it tells of the session that the hook
// at hand is for, whichever that is.
type Session struct{}

// ID numbers the session, uniquely as long as dbmesh runs.
func (Session) ID() uint64 { return host.Block.Session }

// Sequence counts the session's commands.
func (Session) Sequence() uint64 { return host.Block.Sequence }

// Time is when the command began, in milliseconds.
func (Session) Time() time.Time { return time.UnixMilli(host.Block.Time) }

// User is the user's name. The string stays.
func (Session) User() string { return users.name(host.Block.User, abi.StrUser) }

// Schema is the default schema, empty for none. The string stays.
func (Session) Schema() string { return schemas.name(host.Block.Schema, abi.StrSchema) }

// Address is the client's without port; empty for a unix socket.
func (Session) Address() string { return sessionText(abi.StrAddress) }

// IP is the client's address, an IPv4 one in its IPv6 form; zero for a unix socket.
func (Session) IP() [16]byte { return host.Block.Address }

// Port is the client's.
func (Session) Port() int { return int(host.Block.Port) }

// Listener names where the client came in.
func (Session) Listener() string { return sessionText(abi.StrListener) }

// Pool is where the command goes as things are; empty if that is not decided yet.
func (Session) Pool() string { return sessionText(abi.StrPool) }

// TLS says that the client's hop is encrypted.
func (Session) TLS() bool { return flag(abi.FlagTLS) }

// InTransaction says that a transaction is open.
func (Session) InTransaction() bool { return flag(abi.FlagTransaction) }

// Autocommit says that each statement commits on its own.
func (Session) Autocommit() bool { return flag(abi.FlagAutocommit) }

// Attribute is what the client said of itself at login, such as "program_name"; empty if it
// did not.
func (Session) Attribute(name string) string {
	for {
		n := host.Attribute(name, arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// Slot is 32 bytes that are the filter's own in this session: what one hook writes, the next
// one finds, in whichever instance that runs. Zero when the session begins. Good until the
// hook returns. It takes no call and no capability.
func (Session) Slot() *[abi.SlotSize]byte { return &host.Block.Slot }

// State is what SetState kept for this session, at most 4 KiB. Capability: state.
func (Session) State() string {
	for {
		n := host.StateGet(arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// SetState keeps a text for this session, as long as it lives. Capability: state.
func (Session) SetState(text string) error { return failure(host.StateSet(text)) }

func flag(bit uint32) bool { return host.Block.Flags&bit != 0 }

func sessionText(id int32) string {
	for {
		n := host.SessionStr(id, arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// names keeps strings by the number that stands for them.
type names []string

var users, schemas names

// maxNames bounds what is kept; numbers count from 1 upwards.
const maxNames = 4096

func (n *names) name(number uint32, id int32) string {
	if number < uint32(len(*n)) && (*n)[number] != "" {
		return (*n)[number]
	}
	text := strings.Clone(sessionText(id))
	if number == 0 || number >= maxNames {
		return text
	}
	for uint32(len(*n)) <= number {
		*n = append(*n, "")
	}
	(*n)[number] = text
	return text
}

// scratch is where texts of the host go. What it gave stays as it is until reset: if it grows,
// the old memory lives on in the strings.
type scratch struct {
	memory []byte
	used   int
}

var arena scratch

const (
	arenaBegin = 1 << 10
	arenaKept  = 1 << 20 // a larger one is given back
)

// reset begins a hook.
func reset() {
	arena.used = 0
	if len(arena.memory) > arenaKept {
		arena.memory = nil
	}
}

func (s *scratch) at() unsafe.Pointer {
	if s.used == len(s.memory) {
		s.grow(arenaBegin)
	}
	return unsafe.Pointer(&s.memory[s.used])
}

func (s *scratch) room() uint32 { return uint32(len(s.memory) - s.used) }

// take gives the text that the host has written. more says that it had no room, and has it
// now: ask again. A negative n is an empty text.
func (s *scratch) take(n int32) (text string, more bool) {
	if n <= 0 {
		return "", false
	}
	if int(n) > len(s.memory)-s.used {
		s.grow(int(n))
		return "", true
	}
	text = unsafe.String(&s.memory[s.used], n)
	s.used += int(n)
	return text, false
}

func (s *scratch) grow(least int) {
	size := max(2*len(s.memory), arenaBegin)
	for size < least {
		size *= 2
	}
	s.memory, s.used = make([]byte, size), 0
}
