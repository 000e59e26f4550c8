package leak

import (
	"fmt"
	"sync"
)

// ledger knows which rows of leak_serial must be there in the end: those of inserts that
// the server acknowledged, once, and perhaps those whose end nobody knows.
type ledger struct {
	mu              sync.Mutex
	sure, uncertain map[row]bool
}

type row struct {
	tag    string
	serial int
}

func (l *ledger) open() { l.sure, l.uncertain = map[row]bool{}, map[row]bool{} }

func (l *ledger) note(tag string, serial int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.sure[row{tag, serial}] = true
	} else {
		l.uncertain[row{tag, serial}] = true
	}
}

// settle compares the ledger with the table.
func (l *ledger) settle(w *world) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows, err := w.root.Query("SELECT tag, serial FROM app.leak_serial UNION ALL SELECT tag, serial FROM app.leak_given")
	if err != nil {
		return err
	}
	defer rows.Close()
	found := map[row]bool{}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.tag, &r.serial); err != nil {
			return err
		}
		found[r] = true
		if !l.sure[r] && !l.uncertain[r] {
			return leakf("row %v was rolled back, or never written, and is there (seed %d)", r, w.seed)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for r := range l.sure {
		if !found[r] {
			return leakf("row %v was acknowledged and is not there (seed %d)", r, w.seed)
		}
	}
	left, err := w.truth("SELECT COUNT(*) FROM app.leak_open")
	if err == nil && left != "0" {
		err = leakf("%s rows are left of transactions that were rolled back (seed %d)", left, w.seed)
	}
	if err != nil {
		return fmt.Errorf("the end: %w", err)
	}
	return nil
}
