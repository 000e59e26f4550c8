package report

import (
	"fmt"
	"io"
)

// Bar is one promise about the speed of dbmesh.
type Bar struct {
	Name     string
	Peer     string // whose promise it is
	Workload string
	Figure   Figure
	Base     string  // the peer that the figure is divided by, or ""
	Must     float64 // 0: nothing promised, only aimed at
	Aim      float64 // 0: no aim beyond the promise
	AtLeast  bool    // more is better
}

// ReadsAndWrites names the bars that count system calls.
const ReadsAndWrites = "reads + writes"

// connections names those that count connections.
const connections = "connections to the server"

// Bars returns what is promised of the shortest config, and of the one whose sessions share
// connections.
func Bars() []Bar {
	bars := plain()
	for i := range bars {
		bars[i].Peer = "dbmesh"
	}
	return append(bars, shared()...)
}

// Cap is how many connections the shared config may have, and monitored how many more the
// server counts for a moment: dbmesh's health check.
const (
	Cap       = 20
	monitored = 1
)

func shared() []Bar {
	var bars []Bar
	for _, w := range []string{"point-text-500", "point-prepared-500"} {
		bars = append(bars,
			Bar{Name: "queries a second, x HAProxy", Workload: w, Figure: Rate, Base: "haproxy", Must: 0.95, AtLeast: true},
			Bar{Name: "queries a second, x direct", Workload: w, Figure: Rate, Base: "direct", Aim: 1.0, AtLeast: true},
			Bar{Name: connections, Workload: w, Figure: Connections, Must: Cap + monitored})
	}
	bars = append(bars,
		Bar{Name: "connections a second, x direct", Workload: "connect-8", Figure: Rate, Base: "direct", Must: 1.2, AtLeast: true},
		Bar{Name: connections, Workload: "connect-8", Figure: Connections, Must: Cap + monitored})
	for i := range bars {
		bars[i].Peer = "shared"
	}
	return bars
}

func plain() []Bar {
	var bars []Bar
	for _, w := range []string{"point-text-8", "point-text-64", "point-prepared-8", "point-prepared-64"} {
		bars = append(bars,
			Bar{Name: "CPU, x io.Copy", Workload: w, Figure: Cost, Base: "iocopy", Must: 1.05},
			Bar{Name: "CPU, x HAProxy", Workload: w, Figure: Cost, Base: "haproxy", Aim: 1.0})
	}
	return append(bars,
		Bar{Name: "CPU, x HAProxy", Workload: "point-text-1", Figure: Cost, Base: "haproxy", Must: 1.9, Aim: 1.3},
		Bar{Name: ReadsAndWrites, Workload: "point-text-1", Figure: Calls, Must: 6, Aim: 4},
		Bar{Name: ReadsAndWrites, Workload: "point-text-8", Figure: Calls, Must: 6, Aim: 4},
		Bar{Name: ReadsAndWrites, Workload: "point-text-64", Figure: Calls, Must: 6, Aim: 4},
		Bar{Name: "CPU a MB, x HAProxy", Workload: "result-200MB", Figure: Cost, Base: "haproxy", Must: 1.1, Aim: 0.7},
		Bar{Name: "CPU a MB, x HAProxy", Workload: "statement-20MB", Figure: Cost, Base: "haproxy", Must: 1.5, Aim: 0.5},
		Bar{Name: "CPU, x HAProxy", Workload: "pipelined-32", Figure: Cost, Base: "haproxy", Must: 2.0},
		Bar{Name: "CPU, x HAProxy", Workload: "connect-8", Figure: Cost, Base: "haproxy", Must: 1.6},
		Bar{Name: "queries a second, x HAProxy", Workload: "point-text-64", Figure: Rate, Base: "haproxy", Must: 0.85, Aim: 1.0, AtLeast: true},
		Bar{Name: "KiB a connection pair", Workload: "idle-2000", Figure: Memory, Must: 17, Aim: 8},
		Bar{Name: "% of a core", Workload: "idle-2000", Figure: Busy, Must: 0.3},
	)
}

// Judge measures the bar's peer by it. A bar on connections is met by all runs or by none.
func (b Bar) Judge(all Records) (Spread, string) {
	s := all.of(b.Workload, b.Peer, b.Base, b.Figure)
	worst := s.Median
	if b.Name == connections {
		worst = s.High
	}
	meets := func(limit float64) bool {
		if b.AtLeast {
			return limit > 0 && s.Median >= limit
		}
		return limit > 0 && worst <= limit
	}
	switch {
	case s.N == 0:
		return s, "not measured"
	case meets(b.Aim):
		return s, "pass, aim met"
	case meets(b.Must):
		return s, "pass"
	case b.Must == 0:
		return s, "aim not met"
	}
	return s, "**miss**"
}

// WriteBars prints the bars and how dbmesh stands to them.
func (all Records) WriteBars(out io.Writer) {
	fmt.Fprint(out, "## Bars\n\n| peer | workload | figure | must | aim | measured | n | verdict |\n|---|---|---|---|---|---|---|---|\n")
	limit := func(v float64) string {
		if v == 0 {
			return "-"
		}
		return fmt.Sprintf("%g", v)
	}
	for _, b := range Bars() {
		s, verdict := b.Judge(all)
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %d | %s |\n", b.Peer, b.Workload, b.Name, limit(b.Must), limit(b.Aim), s, s.N, verdict)
	}
	fmt.Fprintln(out)
}
