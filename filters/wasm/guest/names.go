package guest

import (
	"strings"
	"sync"
)

// maxNames bounds the users and the schemas that get a number.
const maxNames = 1 << 16

// names gives each name a number, from 1 on, as long as the program lives.
type names struct {
	mu  sync.Mutex
	ids map[string]uint32
}

func (n *names) id(name string) uint32 {
	if name == "" {
		return 0
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	id, ok := n.ids[name]
	if !ok && len(n.ids) < maxNames {
		if n.ids == nil {
			n.ids = map[string]uint32{}
		}
		id = uint32(len(n.ids) + 1)
		n.ids[strings.Clone(name)] = id
	}
	return id
}
