package core

import (
	"context"
	"fmt"
	"slices"
)

// Columns asks the links that the command's pass reached what becomes of a result's
// columns, last link first. The first mask of a column holds. A denied verdict takes the
// result's place.
func (ch *Chain) Columns(ctx context.Context, c *Command, columns []Column) ([]Mask, Verdict) {
	var all []Mask
	var masked []bool // by column
	for i := len(ch.columns) - 1; i >= 0; i-- {
		h := &ch.columns[i]
		if h.index > c.reached || ch.leftOut(h.link, c) {
			continue
		}
		c.link = h.index
		start := ch.clock()
		masks, v, err := h.callColumns(ctx, c, columns)
		if err == nil && !v.Denied() {
			v, err = Verdict{}, checkMasks(masks, len(columns))
		}
		if v := ch.judge(h.link, c.Session, v, err, start); v.Denied() {
			return nil, v
		}
		if err != nil {
			continue
		}
		if masked == nil && len(masks) > 0 {
			masked = make([]bool, len(columns))
		}
		for _, m := range masks {
			if !masked[m.Column] {
				masked[m.Column] = true
				all = append(all, m)
			}
		}
	}
	return all, Verdict{}
}

// checkMasks refuses masks that nobody could follow.
func checkMasks(masks []Mask, columns int) error {
	for _, m := range masks {
		switch {
		case m.Column < 0 || m.Column >= columns:
			return &Fault{fmt.Sprintf("it masks column %d of %d", m.Column, columns)}
		case m.By > MaskKeep || m.First < 0 || m.Last < 0:
			return &Fault{fmt.Sprintf("its mask of column %d makes no sense", m.Column)}
		}
	}
	return nil
}

// Error asks the links that the command's pass reached what the client is told in the
// place of the backend's error, last link first. It gives e where nobody minds.
func (ch *Chain) Error(ctx context.Context, c *Command, e *Error) *Error {
	for i := len(ch.errors) - 1; i >= 0; i-- {
		h := &ch.errors[i]
		if h.index > c.reached || ch.leftOut(h.link, c) {
			continue
		}
		c.link = h.index
		start := ch.clock()
		other, err := h.callError(ctx, c, e)
		if v := ch.judge(h.link, c.Session, Verdict{}, err, start); v.Denied() {
			e = v.Reply().Err
		} else if err == nil && other != nil {
			e = other
		}
	}
	return e
}

// End tells the links that had their OnConnect that the session's login has ended, last
// link first. To the chain it is a new one then: a second call does nothing.
func (ch *Chain) End(s *Session) {
	for i := len(ch.end) - 1; i >= 0; i-- {
		h := &ch.end[i]
		if !slices.Contains(s.seen, h.name) || slices.Contains(s.missed, h.name) || h.quarantined(ch.clock()) {
			continue
		}
		if err := h.callEnd(s); err != nil {
			ch.broke(h.link, s, err)
		}
	}
	s.Forget()
}

func (h *columnHook) callColumns(ctx context.Context, c *Command, columns []Column) (m []Mask, v Verdict, err error) {
	defer catch(&err)
	return h.OnColumns(ctx, c, columns)
}

func (h *errorHook) callError(ctx context.Context, c *Command, e *Error) (other *Error, err error) {
	defer catch(&err)
	return h.OnError(ctx, c, e)
}

func (h *endHook) callEnd(s *Session) (err error) {
	defer catch(&err)
	h.OnSessionEnd(s)
	return nil
}
