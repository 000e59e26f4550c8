package proxy

import (
	"math/bits"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/lease"
)

// Lending tells what sessions have of one server's connections.
type Lending struct {
	Pool    string `json:"pool"`
	Backend string `json:"backend"`
	Max     int    `json:"max"`
	lease.Stats
}

// Lendings are those of all servers whose connections sessions share, in the config's order.
func (s *Server) Lendings() []Lending {
	var all []Lending
	for _, src := range s.backends.Sources() {
		if le, ok := s.lendings.bySource.Load(src); ok {
			all = append(all, Lending{src.Backend.Pool, src.Backend.Name, src.Pool.Pooling.Max, le.(*lending).Stats()})
		}
	}
	return all
}

// countPins counts what keeps a session from giving its connection back from now on.
func (s *Server) countPins(e core.Effect) {
	for one := range e.Each() {
		s.pinned[bits.TrailingZeros32(uint32(one))].Add(1)
	}
}

// Pins is how often sessions were kept from giving their connection back, by what they had
// left there.
func (s *Server) Pins() map[core.Effect]uint64 {
	all := map[core.Effect]uint64{}
	for i := range s.pinned {
		if n := s.pinned[i].Load(); n > 0 {
			all[core.Effect(1)<<i] = n
		}
	}
	return all
}
