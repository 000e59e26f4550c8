// Package report turns what the runs measured into ratios, bars and tables.
package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/dbmesh/dbmesh/tests/bench/meter"
)

// Record is one run of one workload through one peer. Records of one
// repetition were made one right after the other and may be compared.
type Record struct {
	Workload string  `json:"workload"`
	Peer     string  `json:"peer"`
	Rep      int     `json:"rep"`
	Error    string  `json:"error,omitempty"`
	Ops      int     `json:"ops"`
	Bytes    int     `json:"bytes,omitempty"` // payload, for workloads that count by MB
	Seconds  float64 `json:"seconds"`
	P50      float64 `json:"p50_us,omitempty"`
	P99      float64 `json:"p99_us,omitempty"`
	// Memory is the resident memory that came with the connections, in bytes.
	Memory int64 `json:"memory,omitempty"`
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
func (r Record) Rate() float64 { return r.Units() / r.Seconds }

// Cost is the proxy's processor time for one unit, in microseconds.
func (r Record) Cost() float64 { return r.Proxy * 1e6 / r.Units() }

// Read reads records, one JSON object a line.
func Read(in io.Reader) ([]Record, error) {
	var all []Record
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("record in line %d: %w", n, err)
		}
		all = append(all, r)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	return all, nil
}
