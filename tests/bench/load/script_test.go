//go:build linux

package main

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

func TestCheckValueTellsRowsApart(t *testing.T) {
	if err := checkValue([]byte(value(4711)), 4711); err != nil {
		t.Error(err)
	}
	mixed := []byte(value(4711))
	mixed[valueBytes-1] = '2'
	for name, v := range map[string][]byte{"another row": []byte(value(4712)), "one byte": mixed, "short": mixed[:100], "nothing": nil} {
		if checkValue(v, 4711) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestPointRefusesRepliesOutOfOrder(t *testing.T) {
	p := newPoint(1, 2)
	out, want := p.batch(nil)
	if want != 2 || bytes.Count(out, []byte(pointSelect)) != 2 {
		t.Fatalf("%d replies wanted for %q", want, out)
	}
	row := func(i int) client.Reply {
		return client.Reply{Columns: 1, Rows: 1, Row: []byte("x" + value(p.asked[i]))}
	}
	if err := p.check(0, row(0)); err != nil {
		t.Error(err)
	}
	if p.check(1, row(0)) == nil {
		t.Error("the first reply is taken for the second")
	}
	if p.check(0, client.Reply{Columns: 1}) == nil {
		t.Error("no row is accepted")
	}
}

func TestConnectionsChangeRowsOfTheirOwn(t *testing.T) {
	const conns = 8
	for i := range conns {
		w := newReadWrite(i, conns)
		for range 500 * len(w.steps) {
			w.batch(nil)
			if w.id < 1+i*points/conns || w.id+span-1 > (i+1)*points/conns {
				t.Fatalf("connection %d: row %d", i, w.id)
			}
		}
	}
}

func TestTheDeletedRowIsInsertedAgain(t *testing.T) {
	w := newReadWrite(0, 1)
	deleted := 0
	for range w.steps {
		w.batch(nil)
		switch w.steps[w.at].kind {
		case change:
			deleted = w.id
		case insert:
			if want := fmt.Sprintf("INSERT INTO change_me VALUES (%d,%d,0,'%s')", deleted, deleted, value(deleted)); string(w.sql) != want {
				t.Errorf("got %s", w.sql)
			}
		}
	}
	if err := w.check(0, client.Reply{Affected: 1}); err == nil {
		t.Error("COMMIT that changed a row is accepted")
	}
}

func TestQuantileOfAHundred(t *testing.T) {
	var d []time.Duration
	for i := 100; i > 0; i-- {
		d = append(d, time.Duration(i)*time.Microsecond)
	}
	if p50, p99 := quantile(d, 0.5), quantile(d, 0.99); p50 != 51 || p99 != 100 {
		t.Errorf("p50 %v, p99 %v", p50, p99)
	}
	if quantile(nil, 0.5) != 0 {
		t.Error("nothing has a median")
	}
}
