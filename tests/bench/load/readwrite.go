//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// span is how many rows a range statement covers.
const span = 100

// kind says what a statement is completed with and what its reply must be.
type kind int

const (
	plain  kind = iota // nothing; OK
	key                // a row number; that row
	ranged             // two row numbers; all rows between them
	sum                // the same; one row
	change             // a row number; one row changed
	insert             // a whole row, the one that the statement before was about; one row changed
)

type step struct {
	kind          kind
	before, after string // of the row numbers
}

// transaction is 20 statements: reads by key and by range, four changes.
func transaction() []step {
	steps := []step{{plain, "BEGIN", ""}}
	for range 10 {
		steps = append(steps, step{key, "SELECT c FROM change_me WHERE id=", ""})
	}
	return append(steps,
		step{ranged, "SELECT c FROM change_me WHERE id BETWEEN ", ""},
		step{sum, "SELECT SUM(k) FROM change_me WHERE id BETWEEN ", ""},
		step{ranged, "SELECT c FROM change_me WHERE id BETWEEN ", " ORDER BY c"},
		step{ranged, "SELECT DISTINCT c FROM change_me WHERE id BETWEEN ", " ORDER BY c"},
		step{change, "UPDATE change_me SET k=k+1 WHERE id=", ""},
		step{change, "UPDATE change_me SET n=n+1 WHERE id=", ""},
		step{change, "DELETE FROM change_me WHERE id=", ""},
		step{insert, "INSERT INTO change_me VALUES ", ""},
		step{plain, "COMMIT", ""},
	)
}

// readWrite repeats the transaction on rows that no other connection touches,
// so that nobody waits for a lock and each reply is known beforehand.
type readWrite struct {
	rand        *rand.Rand
	steps       []step
	first, rows int // the connection's own part of the table
	at, id      int // the step under way and its row
	sql         []byte
}

func newReadWrite(i, conns int) *readWrite {
	rows := points / conns
	return &readWrite{rand: rand.New(rand.NewPCG(uint64(i), 2)), steps: transaction(), at: -1, first: 1 + i*rows, rows: rows}
}

func (w *readWrite) batch(dst []byte) ([]byte, int) {
	w.at = (w.at + 1) % len(w.steps)
	s := w.steps[w.at]
	if s.kind != insert {
		w.id = w.first + w.rand.IntN(w.rows-span)
	}
	w.sql = append(w.sql[:0], s.before...)
	switch s.kind {
	case key, change:
		w.sql = strconv.AppendInt(w.sql, int64(w.id), 10)
	case ranged, sum:
		w.sql = fmt.Appendf(w.sql, "%d AND %d", w.id, w.id+span-1)
	case insert:
		w.sql = fmt.Appendf(w.sql, "(%d,%d,0,'%s')", w.id, w.id, value(w.id))
	}
	return client.Append(dst, client.Query, append(w.sql, s.after...)), 1
}

func (w *readWrite) check(_ int, r client.Reply) error {
	rows, changed, last := 0, 0, 0
	switch w.steps[w.at].kind {
	case key:
		rows, last = 1, w.id
	case ranged:
		rows, last = span, w.id+span-1
	case sum:
		rows = 1
	case change, insert:
		changed = 1
	}
	if r.Rows != rows || r.Affected != uint64(changed) {
		return fmt.Errorf("%s: %d rows, %d changed", w.sql, r.Rows, r.Affected)
	}
	if last == 0 {
		return nil
	}
	return checkValue(r.Row[1:], last)
}
