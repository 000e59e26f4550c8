package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// column is one figure of a workload's table. Columns about the proxy stay
// empty for the direct connection.
type column struct {
	title  string
	figure Figure
	base   string
	digits int // after the point; -1: median and range
	proxy  bool
}

func columns(unit string) []column {
	return []column{
		{unit + "/s", Rate, "", 0, false},
		{"x direct", Rate, "direct", 2, false},
		{"x haproxy's", Rate, "haproxy", 2, false},
		{"proxy µs/" + unit, Cost, "", 1, true},
		{"x haproxy", Cost, "haproxy", -1, true},
		{"x iocopy", Cost, "iocopy", -1, true},
		{"switches/" + unit, func(r Record) float64 { return float64(r.Switches) / r.Units() }, "", 2, true},
		{"read+write/" + unit, Calls, "", 2, true},
		{"p50 µs", func(r Record) float64 { return r.P50 }, "", 0, false},
		{"p99 µs", func(r Record) float64 { return r.P99 }, "", 0, false},
		{"client µs", func(r Record) float64 { return r.Client * 1e6 / r.Units() }, "", 1, false},
		{"backend µs", func(r Record) float64 { return r.Backend * 1e6 / r.Units() }, "", 1, false},
		{"connections", Connections, "", 0, false},
		{"foreign %", func(r Record) float64 { return 100 * r.Foreign }, "", 0, false},
		{"n", nil, "", 0, false},
	}
}

// idleColumns are those that say something where nothing happens.
func idleColumns() []column {
	return []column{
		{"connections", Record.Units, "", 0, false},
		{"KiB a pair", Memory, "", 1, true},
		{"% of a core", Busy, "", 3, true},
		{"switches/s", func(r Record) float64 { return float64(r.Switches) / r.Use.Seconds }, "", 1, true},
		{"foreign %", func(r Record) float64 { return 100 * r.Foreign }, "", 0, false},
		{"n", nil, "", 0, false},
	}
}

// WriteTables prints one table a workload, in the order of the records.
func (all Records) WriteTables(out io.Writer) {
	var names []string
	for _, r := range all {
		if !slices.Contains(names, r.Workload) {
			names = append(names, r.Workload)
		}
	}
	for _, name := range names {
		some := slices.DeleteFunc(slices.Clone(all), func(r Record) bool { return r.Workload != name })
		fmt.Fprintf(out, "### %s\n\n", name)
		switch {
		case strings.HasPrefix(name, "idle"):
			some.writeTable(out, name, idleColumns())
		case strings.HasPrefix(name, "traced"):
			some.writeTraced(out)
		case slices.ContainsFunc(some, func(r Record) bool { return r.Bytes > 0 }):
			some.writeTable(out, name, columns("MB"))
		default:
			some.writeTable(out, name, columns("op"))
		}
		fmt.Fprintln(out)
	}
}

func (all Records) peers() []string {
	var names []string
	for _, r := range all {
		if !slices.Contains(names, r.Peer) {
			names = append(names, r.Peer)
		}
	}
	order := []string{"direct", "haproxy", "iocopy"}
	slices.SortStableFunc(names, func(a, b string) int {
		at := func(s string) int {
			if i := slices.Index(order, s); i >= 0 {
				return i
			}
			return len(order)
		}
		return at(a) - at(b)
	})
	return names
}

func (all Records) writeTable(out io.Writer, workload string, columns []column) {
	head := []string{"peer"}
	for _, c := range columns {
		head = append(head, c.title)
	}
	writeRow(out, head)
	writeRow(out, slices.Repeat([]string{"---"}, len(head)))
	for _, peer := range all.peers() {
		cells := []string{peer + all.failures(peer)}
		for _, c := range columns {
			cells = append(cells, all.cell(workload, peer, c))
		}
		writeRow(out, cells)
	}
}

func (all Records) cell(workload, peer string, c column) string {
	if c.figure == nil {
		return fmt.Sprint(all.of(workload, peer, "", Rate).N)
	}
	s := all.of(workload, peer, c.base, c.figure)
	switch {
	case s.N == 0 || c.proxy && peer == "direct":
		return ""
	case c.digits < 0:
		return s.String()
	}
	return fmt.Sprintf("%.*f", c.digits, s.Median)
}

// failures says how many of a peer's runs failed, and why the first did.
func (all Records) failures(peer string) string {
	n, why := 0, ""
	for _, r := range all {
		if r.Peer == peer && r.Error != "" {
			if n++; n == 1 {
				why = r.Error
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d failed: %s)", n, strings.ReplaceAll(why, "|", "/"))
}

// writeTraced prints the calls a query by name.
func (all Records) writeTraced(out io.Writer) {
	writeRow(out, []string{"peer", "all/op", "by call"})
	writeRow(out, []string{"---", "---", "---"})
	for _, r := range all {
		sum, calls := 0, []string{}
		for name, n := range r.Traced {
			sum += n
			calls = append(calls, fmt.Sprintf("%s %.2f", name, float64(n)/r.Units()))
		}
		slices.Sort(calls)
		writeRow(out, []string{r.Peer, fmt.Sprintf("%.2f", float64(sum)/r.Units()), strings.Join(calls, ", ")})
	}
}

func writeRow(out io.Writer, cells []string) {
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}
