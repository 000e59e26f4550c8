package report

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/bench/meter"
)

// run is a record of 1,000 operations in one second.
func run(workload, peer string, rep int, microseconds float64) Record {
	return Record{Workload: workload, Peer: peer, Rep: rep, Ops: 1000, Seconds: 1,
		Use: meter.Use{Seconds: 1, Proxy: microseconds / 1e3}}
}

func TestRatiosAreTakenWithinARepetition(t *testing.T) {
	all := Records{
		run("w", "haproxy", 0, 10), run("w", "dbmesh", 0, 11),
		run("w", "haproxy", 1, 100), run("w", "dbmesh", 1, 120),
		run("w", "haproxy", 2, 40), run("w", "dbmesh", 2, 40),
		run("w", "dbmesh", 3, 999), // nothing to compare it with
		run("other", "haproxy", 3, 1),
	}
	s := all.of("w", "dbmesh", "haproxy", Cost)
	if got := s.String(); s.N != 3 || got != "1.10 (1.00-1.20)" {
		t.Errorf("got %s of %d", got, s.N)
	}
}

func TestAFailedRunIsShownAndNotCounted(t *testing.T) {
	bad := run("w", "dbmesh", 1, 1)
	bad.Error = "lost | connection"
	all := Records{run("w", "dbmesh", 0, 10), bad}
	if s := all.of("w", "dbmesh", "", Cost); s.N != 1 || s.Median != 10 {
		t.Errorf("got %v of %d", s, s.N)
	}
	var out bytes.Buffer
	all.WriteTables(&out)
	if !strings.Contains(out.String(), "dbmesh (1 failed: lost / connection)") {
		t.Errorf("the failure is not shown:\n%s", out.String())
	}
}

func TestTheMedianOfAnEvenNumberIsBetweenTheMiddleTwo(t *testing.T) {
	if s := spread([]float64{4, 1, 3, 2}); s.Median != 2.5 || s.Low != 1 || s.High != 4 {
		t.Errorf("got %+v", s)
	}
}

func TestBarsAreJudgedByTheMedian(t *testing.T) {
	for _, c := range []struct {
		bar  Bar
		cost float64
		want string
	}{
		{Bar{Must: 1.5, Aim: 1.2}, 16, "**miss**"},
		{Bar{Must: 1.5, Aim: 1.2}, 15, "pass"},
		{Bar{Must: 1.5, Aim: 1.2}, 12, "pass, aim met"},
		{Bar{Must: 1.5}, 12, "pass"},
		{Bar{Aim: 1.0}, 12, "aim not met"},
		{Bar{Aim: 1.0}, 9, "pass, aim met"},
		{Bar{Must: 1.3, Aim: 1.6, AtLeast: true}, 12, "**miss**"},
		{Bar{Must: 1.1, Aim: 1.6, AtLeast: true}, 12, "pass"},
		{Bar{Must: 1.1, Aim: 1.6, AtLeast: true}, 17, "pass, aim met"},
	} {
		c.bar.Workload, c.bar.Peer, c.bar.Figure, c.bar.Base = "w", "dbmesh", Cost, "haproxy"
		all := Records{run("w", "haproxy", 0, 10), run("w", "dbmesh", 0, c.cost)}
		if _, got := c.bar.Judge(all); got != c.want {
			t.Errorf("%+v at %v: %s in place of %s", c.bar, c.cost/10, got, c.want)
		}
	}
	if _, got := (Bar{Must: 1, Figure: Cost}).Judge(nil); got != "not measured" {
		t.Errorf("nothing measured: %s", got)
	}
}

func TestOneRunWithTooManyConnectionsIsAMiss(t *testing.T) {
	var all Records
	for i, n := range []int{20, 20, 21, 22} {
		all = append(all, Record{Workload: "w", Peer: "shared", Rep: i, Ops: 1, Connections: n})
	}
	b := Bar{Name: connections, Peer: "shared", Workload: "w", Figure: Connections, Must: Cap + monitored}
	if s, got := b.Judge(all[:3]); got != "pass" {
		t.Errorf("%v: %s", s, got)
	}
	if s, got := b.Judge(all); got != "**miss**" {
		t.Errorf("%v: %s", s, got)
	}
}

func TestEveryBarNamesItsLimit(t *testing.T) {
	for _, b := range Bars() {
		if b.Must == 0 && b.Aim == 0 || b.Figure == nil || b.Peer == "" {
			t.Errorf("%s, %s has no limit or no figure", b.Workload, b.Name)
		}
	}
}

func TestFilesAreNumberedOneAfterTheOther(t *testing.T) {
	file := `{"date":"today"}
{"workload":"w","peer":"dbmesh","rep":0,"ops":10,"seconds":2,"wall_s":3,"proxy_cpu_s":0.5}
{"workload":"w","peer":"dbmesh","rep":1,"bytes":3000000,"seconds":2}
`
	all, about, err := Records(nil).Read(strings.NewReader(file))
	if err != nil || len(about) != 1 {
		t.Fatalf("about %q, %v", about, err)
	}
	if r := all[0]; Rate(r) != 5 || Cost(r) != 5e4 || r.Use.Seconds != 3 || all[1].Units() != 3 {
		t.Errorf("got %+v", all)
	}
	if all, _, err = all.Read(strings.NewReader(file)); err != nil || len(all) != 4 || all[3].Rep != 3 {
		t.Errorf("after a second file: %+v, %v", all, err)
	}
	if _, _, err := all.Read(strings.NewReader("{")); err == nil {
		t.Error("half a line is accepted")
	}
}

func TestQuietDropsTheWholeRepetition(t *testing.T) {
	loud := run("w", "haproxy", 1, 1)
	loud.Foreign = 0.5
	all := Records{run("w", "dbmesh", 0, 1), loud, run("w", "dbmesh", 1, 1), run("v", "dbmesh", 1, 1)}
	kept, left := all.Quiet(0.2)
	if left != 2 || len(kept) != 2 || kept[1].Workload != "v" {
		t.Errorf("kept %+v, left %d", kept, left)
	}
	if len(all) != 4 || all[1].Peer != "haproxy" {
		t.Error("the records themselves were changed")
	}
}

func TestADifferenceHasItsInterval(t *testing.T) {
	var all Records
	for i, extra := range []float64{1, 2, 3} {
		for peer, cost := range map[string]float64{"a": 10 * float64(i+1), "b": 10*float64(i+1) + extra} {
			all = append(all, Record{Workload: "w", Peer: peer, Rep: i, Ops: 1, Use: meter.Use{Proxy: cost / 1e6}})
		}
	}
	d := all.Difference("w", "a", "b")
	// The mean is 2, the deviation 1: 4.303 / sqrt(3) to either side.
	if d.N != 3 || math.Abs(d.Mean-2) > 1e-9 || math.Abs(d.High-4.4843) > 1e-3 || math.Abs(d.Low+0.4843) > 1e-3 {
		t.Errorf("%+v", d)
	}
	if got := student(30); math.Abs(got-2.042) > 0.007 {
		t.Errorf("30 degrees of freedom: %v", got)
	}
	if d := all.Difference("w", "a", "c"); d.N != 0 {
		t.Errorf("with nobody: %+v", d)
	}
}
