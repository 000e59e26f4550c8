// Package report turns what the runs measured into ratios, bars and tables.
package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/dbmesh/dbmesh/tests/bench/meter"
)

// Record is one run of one workload through one peer. Records of one
// repetition were made one right after the other and may be compared.
type Record struct {
	Workload string `json:"workload"`
	Peer     string `json:"peer"`
	Rep      int    `json:"rep"`
	// Error says why the run failed; then the rest says nothing.
	Error   string  `json:"error,omitempty"`
	Ops     int     `json:"ops"`
	Bytes   int     `json:"bytes,omitempty"` // of packets, for workloads that count by MB
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_us,omitempty"`
	P99     float64 `json:"p99_us,omitempty"`
	// Memory is the resident memory that came with the connections, in bytes.
	Memory int64 `json:"memory,omitempty"`
	// Traced is how often the proxy called each of the calls that move bytes,
	// where the run was traced; its times then say nothing.
	Traced map[string]int `json:"traced,omitempty"`
	// Connections is how many the server had at most during the run, as it counted them itself.
	Connections int `json:"connections,omitempty"`
	meter.Use
}

// Units is what the run's work is counted in: MB where it moved bytes, else operations.
func (r Record) Units() float64 {
	if r.Bytes > 0 {
		return float64(r.Bytes) / 1e6
	}
	return float64(r.Ops)
}

// Rate is units a second.
func Rate(r Record) float64 { return r.Units() / r.Seconds }

// Cost is the proxy's processor time for one unit, in microseconds.
func Cost(r Record) float64 { return r.Proxy * 1e6 / r.Units() }

// Calls is the proxy's reads and writes for one unit. A proxy that moves bytes
// by calls that the kernel does not count shows less than it makes.
func Calls(r Record) float64 { return float64(r.Use.Calls) / r.Units() }

// Memory is the proxy's resident memory for one connection, in KiB.
func Memory(r Record) float64 { return float64(r.Memory) / 1024 / r.Units() }

// Connections is how many connections the server had at most.
func Connections(r Record) float64 { return float64(r.Connections) }

// Busy is the proxy's processor time as a share of one core, in per cent.
func Busy(r Record) float64 { return 100 * r.Proxy / r.Use.Seconds }

// Records are those of one or more invocations.
type Records []Record

// Read appends the records of one invocation, one JSON object a line, and
// numbers their repetitions on from those already there. Lines that describe
// the machine and not a run are returned apart.
func (all Records) Read(in io.Reader) (Records, []string, error) {
	next := 0
	for _, r := range all {
		next = max(next, r.Rep+1)
	}
	var about []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, nil, fmt.Errorf("record in line %d: %w", n, err)
		}
		if r.Workload == "" {
			about = append(about, lines.Text())
			continue
		}
		r.Rep += next
		all = append(all, r)
	}
	if err := lines.Err(); err != nil {
		return nil, nil, fmt.Errorf("records: %w", err)
	}
	return all, about, nil
}

// Quiet returns the records of the repetitions in which no run lost more than
// a share of the machine to strangers, and how many records that leaves out.
func (all Records) Quiet(most float64) (Records, int) {
	type turn struct {
		workload string
		rep      int
	}
	loud := map[turn]bool{}
	for _, r := range all {
		if r.Foreign > most {
			loud[turn{r.Workload, r.Rep}] = true
		}
	}
	kept := slices.DeleteFunc(slices.Clone(all), func(r Record) bool { return loud[turn{r.Workload, r.Rep}] })
	return kept, len(all) - len(kept)
}
