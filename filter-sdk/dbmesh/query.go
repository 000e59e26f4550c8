package dbmesh

import (
	"iter"
	"strings"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// Query is one statement, and the session that sends it. Like Session it tells of the
// statement at hand.
type Query struct{ Session }

// Kind is what the statement is by its leading words.
func (Query) Kind() Kind { return Kind(host.Block.Kind) }

// Access is what it does, as roughly as it can be said.
func (Query) Access() Access { return Access(host.Block.Access) }

// HasWhere says that it has a WHERE at its top level.
func (Query) HasWhere() bool { return flag(abi.FlagWhere) }

// HasLimit says that it has a LIMIT at its top level.
func (Query) HasLimit() bool { return flag(abi.FlagLimit) }

// Opaque says that the statement was not understood for sure, and that all other facts are a
// guess. A filter that protects something denies it.
func (Query) Opaque() bool { return flag(abi.FlagOpaque) }

// ReadSafe says that it may run on a replica.
func (Query) ReadSafe() bool { return flag(abi.FlagReadSafe) }

// Locking says that it locks the rows that it reads.
func (Query) Locking() bool { return flag(abi.FlagLocking) }

// Into says that its result goes into variables or a file.
func (Query) Into() bool { return flag(abi.FlagInto) }

// Writes says that one of its tables is written to.
func (Query) Writes() bool { return flag(abi.FlagWrites) }

// Prepared says that it was prepared.
func (Query) Prepared() bool { return flag(abi.FlagPrepared) }

// Truncated says that SQL does not give all of it.
func (Query) Truncated() bool { return flag(abi.FlagTruncated) }

// Index says which statement of its text it is, of how many.
func (Query) Index() (index, count int) {
	return int(host.Block.Statement), int(host.Block.Statements)
}

// Placeholders is how many question marks a statement to be prepared has.
func (Query) Placeholders() int { return int(host.Block.Params) }

// Length is how many bytes SQL gives.
func (Query) Length() int { return int(host.Block.SQLLength) }

// SQL is the statement's text, without others that were sent with it. It is a view that is
// good until the hook returns. Capability: sql.
func (Query) SQL() string {
	if n := host.Block.TextLength; n > 0 && n == host.Block.SQLLength {
		return host.Text()
	}
	return statementText()
}

// SQLCopy is SQL as a string that stays. Capability: sql.
func (q Query) SQLCopy() string { return strings.Clone(q.SQL()) }

func statementText() string {
	for {
		n := host.SQL(arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// DigestID is the first 8 bytes of the digest: equal statements but for their literals have the
// same. 0 for none.
func (Query) DigestID() uint64 { return host.Block.Digest }

// Digest is TiDB's digest of the statement, 64 hex digits; empty for none.
func (Query) Digest() string {
	for {
		n := host.Digest(arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// DigestText is the statement with ? for its literals, in lower case. Capability: sql.
func (Query) DigestText() string {
	for {
		n := host.DigestText(arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// TableCount is how many tables the statement names, once for each access.
func (Query) TableCount() int { return int(host.Block.Tables) }

// Tables are the tables that the statement names, each once per access.
func (Query) Tables() iter.Seq[Table] {
	return func(yield func(Table) bool) {
		for i := int32(0); i < int32(host.Block.Tables); i++ {
			if !yield(Table{i, tableName(i)}) {
				return
			}
		}
	}
}

func tableName(i int32) string {
	for {
		n := host.Table(i, arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// Functions are the functions that the statement calls, in lower case, but for those that are
// built in and have no effect.
func (Query) Functions() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := int32(0); i < int32(host.Block.Functions); i++ {
			if !yield(functionName(i)) {
				return
			}
		}
	}
}

func functionName(i int32) string {
	for {
		n := host.Function(i, arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// Calls says whether the statement calls a function, named in lower case.
func (q Query) Calls(function string) bool {
	for f := range q.Functions() {
		if f == function {
			return true
		}
	}
	return false
}

// Table is one that a statement names.
type Table struct {
	index int32
	full  string
}

// String is schema.name, with the session's default schema filled in; the name alone if there
// is none. Letters are as in the statement.
func (t Table) String() string { return t.full }

// Schema is what stands before the last dot, or empty.
func (t Table) Schema() string { return t.full[:max(0, strings.LastIndexByte(t.full, '.'))] }

// Name is what stands behind it.
func (t Table) Name() string { return t.full[strings.LastIndexByte(t.full, '.')+1:] }

// Written says that the statement changes the table's rows or its definition. Ask in the
// hook at hand only.
func (t Table) Written() bool { return host.TableAccess(t.index) == 1 }
