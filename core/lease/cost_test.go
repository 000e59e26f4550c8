package lease

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestBorrowingAllocatesNothing(t *testing.T) {
	o := newOffice(t, Limits{Max: 4, MaxLife: time.Hour})
	all := o.idle(ann, ann, bob)
	for name, prefer := range map[string]*conn{"any": nil, "the one it had": all[0]} {
		allocs := testing.AllocsPerRun(1000, func() {
			c, _ := o.Take(ann, 0, o.now, prefer)
			o.Linger(c, o.now)
			o.Put(c, o.now)
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
	var work Work[*conn]
	if allocs := testing.AllocsPerRun(1000, func() { work = o.Sweep(0, o.now, work) }); allocs != 0 {
		t.Errorf("a sweep that finds nothing: %v allocations", allocs)
	}
}

func BenchmarkTakeAndPut(b *testing.B) {
	for name, preferred := range map[string]bool{"any": false, "preferred": true} {
		b.Run(name, func(b *testing.B) {
			l, c := stocked(20)
			if !preferred {
				c = nil
			}
			b.ReportAllocs()
			for b.Loop() {
				got, _ := l.Take(ann, 0, time.Second, c)
				l.Put(got, time.Second)
			}
		})
	}
}

// BenchmarkHandOver is a connection that comes back to one of a full queue.
func BenchmarkHandOver(b *testing.B) {
	l, _ := stocked(20)
	served := make([]*conn, 0, 500)
	serve := func(c *conn, _ Answer) { served = append(served, c) }
	for range 500 {
		if c, answer := l.Take(ann, 0, time.Second, nil); answer == Use {
			served = append(served, c)
		} else {
			l.Queue(ann, 0, time.Second, serve)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		c := served[len(served)-1]
		served = served[:len(served)-1]
		l.Queue(ann, 0, time.Second, serve)
		l.Put(c, time.Second)
	}
}

func BenchmarkTakeAndPutByTwoLoops(b *testing.B) {
	l, _ := stocked(20)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if c, answer := l.Take(ann, 0, time.Second, nil); answer == Use {
				l.Put(c, time.Second)
			}
		}
	})
}

// stocked has n idle connections.
func stocked(n int) (*Lender[*conn], *conn) {
	l := New[*conn](Limits{Max: n, MaxLife: time.Hour}, rand.Float64)
	all := make([]*conn, n)
	for i := range all {
		all[i] = &conn{}
		l.Take(ann, 0, 0, nil)
		l.Opened(all[i], ann, 0, 0)
	}
	for _, c := range all {
		l.Put(c, 0)
	}
	return l, all[0]
}
