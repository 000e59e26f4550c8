package live

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// scripted is a filter that does what a comment in the statement says: /* deny */ and the
// like. So one chain serves every test of what filters may answer.
type scripted struct {
	longRewrite string
	done        *atomic.Int64
	connects    *atomic.Int64
}

// scriptedKind makes scripted filters; done counts their OnDone calls.
func scriptedKind(s scripted) core.Kind {
	return core.Kind{New: func(_ string, decode core.Decode) (core.Filter, error) {
		var c struct{}
		return &s, decode(&c)
	}}
}

// OnCommand follows the first script that the text holds.
func (s *scripted) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	text := c.SQL
	has := func(word string) bool { return bytes.Contains(text, []byte("/* "+word+" */")) }
	if !bytes.Contains(text, []byte("/* ")) {
		return core.Continue(), nil
	}
	switch {
	case has("deny"):
		return core.Deny(1644, "45000", "denied by the script"), nil
	case has("ok"):
		return core.Answer(&core.Reply{Affected: 7, InsertID: 9}), nil
	case has("rows"):
		return core.Answer(&core.Reply{Columns: []string{"a", "b"}, Rows: [][][]byte{{[]byte("1"), nil}, {[]byte("2"), []byte("x")}}}), nil
	case has("break"):
		return core.Continue(), errors.New("the script says break")
	case has("panic"):
		panic("the script says panic")
	case has("short"):
		c.Rewrite([]byte("SELECT 'short'"))
	case has("long"):
		c.Rewrite([]byte(s.longRewrite))
	case has("nap"):
		time.Sleep(nap)
	}
	return core.Continue(), nil
}

// OnDone counts, and sleeps or panics if the script says so.
func (s *scripted) OnDone(c *core.Command, _ *core.Outcome) {
	if s.done != nil {
		s.done.Add(1)
	}
	if bytes.Contains(c.SQL, []byte("/* panic late */")) {
		panic("the script says panic late")
	}
	if bytes.Contains(c.SQL, []byte("/* nap late */")) {
		time.Sleep(nap)
	}
}

// OnConnect sleeps, breaks or panics for users who are named so, and counts.
func (s *scripted) OnConnect(_ context.Context, x *core.Session) (core.Verdict, error) {
	if s.connects != nil {
		s.connects.Add(1)
	}
	switch program := x.Attributes["program_name"]; {
	case program == "nap":
		time.Sleep(nap)
	case program == "panic":
		panic("the script says panic")
	case strings.HasPrefix(program, "deny"):
		return core.Deny(1045, "28000", "denied at the door"), nil
	}
	return core.Continue(), nil
}

// nap is how long a slow filter takes.
const nap = time.Second
