// Package crowd keeps sessions beside a tested one that have the connections to the server
// in common with it. Each has set something of its own. Between two commands of the tested
// session they speak, on every connection that is free, so that what one session leaves on
// a connection meets the other.
package crowd

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

//go:embed members.txt
var members string

const (
	again = "_again" // what a member says each time
	gone  = "gone"   // who does not stay
)

// Schema has the tables of the crowd; Tables makes them.
const (
	Schema = "crowd"
	Tables = "CREATE DATABASE IF NOT EXISTS crowd; " +
		"CREATE TABLE IF NOT EXISTS crowd.here (a INT PRIMARY KEY); REPLACE INTO crowd.here VALUES (1), (2), (3), (4), (5); " +
		"CREATE TABLE IF NOT EXISTS crowd.modes (sql_mode VARCHAR(9)); DELETE FROM crowd.modes; INSERT INTO crowd.modes VALUES ('column'); " +
		"CREATE TABLE IF NOT EXISTS crowd.tally (a INT)"
)

// Crowd is for one goroutine.
type Crowd struct {
	all    []*member
	turn   int
	leaves []dialogue.Step
	to     dialogue.Target
	caps   wire.Caps
	holder *dialogue.Talk
}

// member is one session and what a server answers to what it says.
type member struct {
	name  string
	talk  *dialogue.Talk
	steps []dialogue.Step
	want  *dialogue.Transcript
}

// masks are those of the answers that no two sessions have alike.
var masks = dialogue.Masks{"statement-id": "numbered by the server"}

// Join has all members of the server's flavour come to "to", with the capabilities of the
// tested session. How a server answers each of them is asked directly first.
func Join(ctx context.Context, flavour string, direct, to dialogue.Target, caps wire.Caps) (*Crowd, error) {
	all, err := dialogue.Parse("members", members)
	if err != nil {
		return nil, err
	}
	c := &Crowd{to: to, caps: caps}
	for i, d := range all {
		steps := d.Steps[:len(d.Steps)-2] // without the farewell
		switch {
		case d.Variant != all[0].Variant || !d.On(flavour) || strings.HasSuffix(d.Name, again):
			continue
		case d.Name == gone:
			c.leaves = steps
			continue
		}
		next := slices.IndexFunc(all[i:], func(e *dialogue.Dialogue) bool { return e.Name == d.Name+again })
		if next < 0 {
			return nil, fmt.Errorf("member %s says nothing", d.Name)
		}
		speech := all[i+next].Steps
		m := &member{name: d.Name, steps: speech[:len(speech)-2]}
		if err := c.come(ctx, m, steps, direct); err != nil {
			return nil, errors.Join(fmt.Errorf("member %s: %w", d.Name, err), c.Close())
		}
	}
	if c.holder, err = dialogue.Open(ctx, to, caps); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// come logs a member in and hears from the server itself what it will be told.
func (c *Crowd) come(ctx context.Context, m *member, opening []dialogue.Step, direct dialogue.Target) (err error) {
	if m.talk, err = dialogue.Open(ctx, c.to, c.caps); err != nil {
		return err
	}
	c.all = append(c.all, m)
	model, err := dialogue.Open(ctx, direct, c.caps)
	if err != nil {
		return err
	}
	defer model.Close()
	want, err := model.Say(opening...)
	if err != nil {
		return fmt.Errorf("directly: %w", err)
	}
	if err := answered(m.talk, opening, want); err != nil {
		return err
	}
	if m.want, err = model.Say(m.steps...); err != nil {
		return fmt.Errorf("directly: %w", err)
	}
	return nil
}

// Size is how many sessions there are.
func (c *Crowd) Size() int { return len(c.all) + 1 }

// perShake is how many members speak at once.
const perShake = 3

// leavers is one of how many times that somebody comes and is gone.
const leavers = 5

// Shake has some members speak, on two connections if there are as many: while one session
// has a transaction open, the others need another.
func (c *Crowd) Shake(ctx context.Context) error {
	if _, err := c.holder.Say(step("BEGIN"), step("SET SESSION sql_mode = 'ANSI_QUOTES', time_zone = '+09:00', sql_select_limit = 2"), step("SET NAMES cp1251")); err != nil {
		return fmt.Errorf("crowd: hold a connection: %w", err)
	}
	spoke := make(chan error, 1)
	some := c.next(perShake)
	go func() {
		var err error
		for _, m := range some {
			err = errors.Join(err, m.speak())
		}
		spoke <- err
	}()
	_, err := c.holder.Say(step("SELECT a FROM crowd.here"), step("SELECT COUNT(*) FROM crowd.here"), step("SELECT @@sql_mode"), step("COMMIT"))
	err = errors.Join(err, <-spoke, c.next(1)[0].speak())
	if c.turn%leavers == 0 {
		err = errors.Join(err, c.leave(ctx))
	}
	return err
}

func step(sql string) dialogue.Step { return dialogue.Step{Verb: "query", Arg: sql} }

// next are the members whose turn it is.
func (c *Crowd) next(n int) []*member {
	var some []*member
	for range n {
		some = append(some, c.all[c.turn%len(c.all)])
		c.turn++
	}
	return some
}

func (m *member) speak() error {
	if err := answered(m.talk, m.steps, m.want); err != nil {
		return fmt.Errorf("crowd: member %s: %w", m.name, err)
	}
	return nil
}

// answered says steps and compares.
func answered(t *dialogue.Talk, steps []dialogue.Step, want *dialogue.Transcript) error {
	got, err := t.Say(steps...)
	if err != nil {
		return err
	}
	return dialogue.Compare(want, got, masks)
}

// leave is a session that ends in the middle of a transaction.
func (c *Crowd) leave(ctx context.Context) error {
	t, err := dialogue.Open(ctx, c.to, c.caps)
	if err != nil {
		return fmt.Errorf("crowd: come: %w", err)
	}
	_, err = t.Say(c.leaves...)
	return errors.Join(err, t.Close())
}

// Close ends all sessions.
func (c *Crowd) Close() error {
	var err error
	for _, m := range c.all {
		err = errors.Join(err, m.talk.Close())
	}
	if c.holder != nil {
		err = errors.Join(err, c.holder.Close())
	}
	return err
}
