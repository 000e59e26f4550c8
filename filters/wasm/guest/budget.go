package guest

import (
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core"
)

// DefaultBudget is what the linear memory of all guests together may take.
const DefaultBudget core.Size = 256 << 20

// Budget bounds the linear memory of all guests of a process. A guest that would grow
// beyond it sees its memory.grow fail. Any number of goroutines may use it.
type Budget struct {
	max  int64
	used atomic.Int64
}

// NewBudget makes a budget of max bytes; 0 is DefaultBudget.
func NewBudget(max core.Size) *Budget {
	if max == 0 {
		max = DefaultBudget
	}
	return &Budget{max: int64(max)}
}

// Used is how many bytes guests hold now.
func (b *Budget) Used() core.Size { return core.Size(b.used.Load()) }

// Max is how many they may hold.
func (b *Budget) Max() core.Size { return core.Size(b.max) }

func (b *Budget) take(n int64) bool {
	for {
		used := b.used.Load()
		if n > b.max-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

func (b *Budget) give(n int64) { b.used.Add(-n) }
