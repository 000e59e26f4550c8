package report

import (
	"fmt"
	"io"
	"math"
)

// Difference is how much more a peer costs than another one, in microseconds of processor
// time for one unit: the mean over the repetitions, and the ends of its 95 % interval.
type Difference struct {
	Mean, Low, High float64
	N               int
}

// Difference compares two peers repetition by repetition.
func (all Records) Difference(workload, base, peer string) Difference {
	under := map[int]float64{}
	for _, r := range all {
		if r.Workload == workload && r.Peer == base && r.Error == "" {
			under[r.Rep] = Cost(r)
		}
	}
	var v []float64
	for _, r := range all {
		if d, ok := under[r.Rep]; ok && r.Workload == workload && r.Peer == peer && r.Error == "" {
			v = append(v, Cost(r)-d)
		}
	}
	return interval(v)
}

// interval is the mean of values and its 95 % interval after Student.
func interval(v []float64) Difference {
	n := float64(len(v))
	d := Difference{N: len(v), Low: math.Inf(-1), High: math.Inf(1)}
	for _, x := range v {
		d.Mean += x / n
	}
	if len(v) < 2 {
		return d
	}
	sum := 0.0
	for _, x := range v {
		sum += (x - d.Mean) * (x - d.Mean)
	}
	half := student(len(v)-1) * math.Sqrt(sum/(n-1)/n)
	d.Low, d.High = d.Mean-half, d.Mean+half
	return d
}

// student is the 97.5 % quantile of Student's distribution by degrees of freedom: from the
// table up to 10, then by the first terms of its expansion around the normal one, which
// are right to 0.3 %.
func student(freedom int) float64 {
	table := [...]float64{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228}
	if freedom <= len(table) {
		return table[freedom-1]
	}
	const z = 1.96
	f := float64(freedom)
	return z + (z*z*z+z)/(4*f) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*f*f)
}

// WriteDifferences shows how two peers differ in every workload that both have run.
func (all Records) WriteDifferences(w io.Writer, base, peer string) {
	fmt.Fprintf(w, "Processor time of %s beyond that of %s, us a unit, with its 95 %% interval\n\n", peer, base)
	seen := map[string]bool{}
	for _, r := range all {
		if seen[r.Workload] {
			continue
		}
		seen[r.Workload] = true
		if d := all.Difference(r.Workload, base, peer); d.N > 1 {
			fmt.Fprintf(w, "    %-18s %+.2f (%+.2f to %+.2f, %d repetitions)\n", r.Workload, d.Mean, d.Low, d.High, d.N)
		}
	}
	fmt.Fprintln(w)
}
