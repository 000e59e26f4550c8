package dbmesh

import (
	"iter"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// Clause is a part of a statement's top level, from its keyword on.
type Clause int32

// The clauses. A union has only the order and limit of the whole.
const (
	ClauseFrom   = Clause(abi.ClauseFrom)
	ClauseWhere  = Clause(abi.ClauseWhere)
	ClauseGroup  = Clause(abi.ClauseGroup)
	ClauseHaving = Clause(abi.ClauseHaving)
	ClauseOrder  = Clause(abi.ClauseOrder)
	ClauseLimit  = Clause(abi.ClauseLimit)
)

// Clause says where a clause stands, SQL()[start:end], for a Rewrite that puts something else
// there. ok is false if the statement has none, if that is not sure, and for one of several
// statements of a text. Capability: sql.
func (Query) Clause(c Clause) (start, end int, ok bool) { return stretch(host.Clause(int32(c))) }

// Places are where the statement names its tables, in the order of its text, each time. There
// are none if that is not sure; Tables has them all the same. Capability: sql.
func (Query) Places() iter.Seq[Place] {
	return func(yield func(Place) bool) {
		for i := int32(0); ; i++ {
			start, end, ok := stretch(host.Place(i))
			if !ok || !yield(Place{start, end, i}) {
				return
			}
		}
	}
}

// Place is SQL()[Start:End], a table's name with its schema and quotes.
type Place struct {
	Start, End int
	index      int32
}

// Table is which table is named there, as Table.String gives it. Ask in the hook at hand only.
func (p Place) Table() string {
	for {
		n := host.PlaceName(p.index, arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

func stretch(packed int64) (start, end int, ok bool) {
	if packed < 0 {
		return 0, 0, false
	}
	return int(packed >> 32), int(uint32(packed)), true
}
