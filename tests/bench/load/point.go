//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// The table `point` has rows 1 to points, and its 120-byte column says which
// row it is: the row number in 10 digits, 12 times over.
const (
	points      = 100_000
	digits      = 10
	repeats     = 12
	valueBytes  = digits * repeats
	pointSelect = "SELECT c FROM point WHERE id="
)

// value returns column c of row id.
func value(id int) string { return strings.Repeat(fmt.Sprintf("%0*d", digits, id), repeats) }

// checkValue says whether v is the column c of row id.
func checkValue(v []byte, id int) error {
	if len(v) != valueBytes {
		return fmt.Errorf("row %d: value of %d bytes in place of %d", id, len(v), valueBytes)
	}
	var want [digits]byte
	for i, left := digits-1, id; i >= 0; i, left = i-1, left/10 {
		want[i] = byte('0' + left%10)
	}
	for i := 0; i < valueBytes; i += digits {
		if string(v[i:i+digits]) != string(want[:]) {
			return fmt.Errorf("row %d: value of another row: %q", id, v)
		}
	}
	return nil
}

// point asks for random rows by text, depth of them in one write.
type point struct {
	rand  *rand.Rand
	asked []int
	sql   []byte
}

func newPoint(seed uint64, depth int) *point {
	return &point{rand: rand.New(rand.NewPCG(seed, 1)), asked: make([]int, depth)}
}

func (p *point) batch(dst []byte) ([]byte, int) {
	for i := range p.asked {
		p.asked[i] = 1 + p.rand.IntN(points)
		p.sql = strconv.AppendInt(append(p.sql[:0], pointSelect...), int64(p.asked[i]), 10)
		dst = client.Append(dst, client.Query, p.sql)
	}
	return dst, len(p.asked)
}

func (p *point) check(i int, r client.Reply) error {
	if r.Rows != 1 {
		return fmt.Errorf("row %d: %d rows", p.asked[i], r.Rows)
	}
	return checkValue(r.Row[1:], p.asked[i])
}

// prepared asks for random rows by executing a prepared statement.
type prepared struct {
	rand      *rand.Rand
	statement uint32
	asked     int
}

func (p *prepared) batch(dst []byte) ([]byte, int) {
	p.asked = 1 + p.rand.IntN(points)
	return client.AppendExecute(dst, p.statement, uint64(p.asked)), 1
}

func (p *prepared) check(_ int, r client.Reply) error {
	if r.Rows != 1 || len(r.Row) < 3 {
		return fmt.Errorf("row %d: %d rows", p.asked, r.Rows)
	}
	return checkValue(r.Row[3:], p.asked)
}
