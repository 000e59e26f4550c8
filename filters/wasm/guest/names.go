package guest

import (
	"hash/maphash"
	"strings"
	"sync"
)

// Bounds of what is kept. Names come from clients, some before their password is proved.
const (
	maxNames = 1 << 16
	maxName  = 256 // bytes; MySQL's longest ones are shorter
)

// names gives each name a number, from 1 on, as long as the program lives. Where that would
// take too much memory the number is a hash of the name under a secret, with the highest bit
// set: different names still have different numbers, but for chance.
type names struct {
	mu   sync.Mutex
	ids  map[string]uint32
	seed maphash.Seed
}

func (n *names) id(name string) uint32 {
	if name == "" {
		return 0
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ids == nil {
		n.ids, n.seed = map[string]uint32{}, maphash.MakeSeed()
	}
	id, ok := n.ids[name]
	switch {
	case ok:
	case len(name) > maxName || len(n.ids) >= maxNames:
		id = 1<<31 | uint32(maphash.String(n.seed, name))
	default:
		id = uint32(len(n.ids) + 1)
		n.ids[strings.Clone(name)] = id
	}
	return id
}
