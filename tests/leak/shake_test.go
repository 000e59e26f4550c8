package leak

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// shakes are what is done to the whole world from outside.
var shakes = []string{"swap", "direct kill", "direct kill query", "restart", "assassin", forgot}

// forgot counts answers that dbmesh refused to give.
const forgot = "no longer known"

// shaker disturbs a world. Its swap and restart may be nil.
type shaker struct {
	swap    func(*rand.Rand) error
	restart func() error
	every   time.Duration // between two disturbances
	calm    time.Duration // in which nothing is done that any session may feel
}

// run disturbs the world until it ends. Between storms there are calm times, in which an
// error that a session did not earn is a fault of dbmesh.
func (k shaker) run(t *testing.T, w *world) {
	rng := rand.New(rand.NewPCG(w.seed, 1<<40))
	restart := time.Now().Add(4 * k.calm)
	for round := 0; ; round++ {
		select {
		case <-w.done:
			return
		case <-time.After(k.every):
		}
		if k.swap != nil && round%2 == 0 {
			if err := k.swap(rng); err != nil {
				w.fail(fmt.Errorf("swap: %w", err))
				return
			}
			w.acts["swap"].Add(1)
		}
		storm := time.Since(w.began)%(2*k.calm) > k.calm
		if !storm {
			continue
		}
		if k.restart != nil && time.Now().After(restart) {
			restart = time.Now().Add(30 * k.calm)
			w.storm("restart", k.restart)
			continue
		}
		if err := w.killAny(rng); err != nil {
			t.Log("direct kill:", err)
		}
	}
}

// storm does something that any session may feel.
func (w *world) storm(name string, do func() error) {
	w.acts[name].Add(1)
	w.storms.Add(1)
	w.wild.Add(1)
	err := do()
	w.bruised.strike()
	w.wild.Add(1)
	w.storms.Add(-1)
	if err != nil {
		w.fail(fmt.Errorf("%s: %w", name, err))
	}
}

// assassinate kills sessions' statements, and sometimes sessions, in a session of its own.
func (w *world) assassinate(which uint64) {
	rng := rand.New(rand.NewPCG(w.seed, 1<<41+which))
	var r *raw
	for !w.over() {
		time.Sleep(30 * time.Millisecond)
		victim := w.places[rng.IntN(sessions)].Load()
		if victim == nil || victim.raw == nil {
			continue
		}
		if r == nil {
			var err error
			if r, err = openRaw(login{addr: w.addr, user: "app", schema: "app", collation: 45}); err != nil {
				r = nil
				continue
			}
		}
		form := "KILL QUERY %d"
		if rng.IntN(8) == 0 {
			form = "KILL %d"
		}
		w.acts["assassin"].Add(1)
		done := victim.struck()
		_, err := r.query(fmt.Sprintf(form, victim.raw.id))
		done()
		if errno(err) == -1 {
			r.close(2)
			r = nil
		}
	}
	if r != nil {
		r.close(0)
	}
}

// killAny kills a connection of the sessions' accounts at the server, or its statement.
func (w *world) killAny(rng *rand.Rand) error {
	id, err := w.truth("SELECT id FROM information_schema.processlist WHERE user IN ('app', 'other') ORDER BY RAND() LIMIT 1")
	if err != nil {
		return nil // nobody is there, or the server is not
	}
	name, form := "direct kill", "KILL %s"
	if rng.IntN(2) == 0 {
		name, form = "direct kill query", "KILL QUERY %s"
	}
	w.storm(name, func() error {
		_, _ = w.root.Exec(fmt.Sprintf(form, id)) // it may have gone
		return nil
	})
	return nil
}
