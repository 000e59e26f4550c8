package report

import (
	"fmt"
	"slices"
)

// Spread sums up one figure over the repetitions.
type Spread struct {
	Median, Low, High float64
	N                 int // 0: never measured
}

func spread(v []float64) Spread {
	if len(v) == 0 {
		return Spread{}
	}
	slices.Sort(v)
	mid := len(v) / 2
	s := Spread{Median: v[mid], Low: v[0], High: v[len(v)-1], N: len(v)}
	if len(v)%2 == 0 {
		s.Median = (v[mid-1] + v[mid]) / 2
	}
	return s
}

// String is the median and, if there is more than one value, the range.
func (s Spread) String() string {
	switch s.N {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%.2f", s.Median)
	}
	return fmt.Sprintf("%.2f (%.2f-%.2f)", s.Median, s.Low, s.High)
}

// Figure takes one number out of a record.
type Figure func(Record) float64

// of sums up a figure of one peer. With a base it is the peer's figure over the
// base's of the same repetition, so that a slow drift of the machine cancels out.
func (all Records) of(workload, peer, base string, f Figure) Spread {
	under := map[int]float64{}
	for _, r := range all {
		if r.Workload == workload && r.Peer == base && r.Error == "" {
			under[r.Rep] = f(r)
		}
	}
	var v []float64
	for _, r := range all {
		if r.Workload != workload || r.Peer != peer || r.Error != "" {
			continue
		}
		if base == "" {
			v = append(v, f(r))
		} else if d := under[r.Rep]; d > 0 {
			v = append(v, f(r)/d)
		}
	}
	return spread(v)
}
