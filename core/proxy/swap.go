package proxy

import "github.com/dbmesh/dbmesh/core"

// Swap puts chains in the place of those of the same names, and leaves all else of the config
// as it is. It can't fail. A chain whose name is not in force is closed. The caller serializes
// it with Prepare and Commit.
func (s *Server) Swap(chains map[string]*core.Chain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, ch := range chains {
		if live := s.lives[name]; live != nil {
			live.Swap(ch)
		} else {
			ch.Discard()
		}
	}
}
