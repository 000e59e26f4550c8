package balancer

import "fmt"

// The policies' names.
const (
	random           = "random"
	roundRobin       = "weighted-round-robin"
	leastConnections = "least-connections"
	peakEWMA         = "peak-ewma"
)

type config struct {
	Policy string `koanf:"policy"`
}

func (c config) policy() (policy, error) {
	switch c.Policy {
	case random:
		return byChance{}, nil
	case roundRobin:
		return newByTurn(), nil
	case leastConnections:
		return bySessions{}, nil
	case peakEWMA:
		return byLatency{}, nil
	}
	return nil, fmt.Errorf("policy is %q, want %s, %s, %s or %s", c.Policy, peakEWMA, leastConnections, roundRobin, random)
}
