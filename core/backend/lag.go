package backend

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// lagWatch takes a replica out of use that is too far behind, from one goroutine.
type lagWatch struct {
	p     *prober // whose turn ends this one's
	src   *Source
	first chan struct{} // closed after the first look

	line      line
	complaint string
	last      time.Duration // the lag that was known last
	since     time.Time     // and when that was
}

// watchLag begins to watch, if the pool wants that; else what a watch before it said is
// forgotten. It gives a channel that is closed after the first look.
func (s *Set) watchLag(p *prober) <-chan struct{} {
	w := &lagWatch{p: p, src: p.src, first: make(chan struct{}), since: time.Now()}
	if p.src.Pool.Replication.MaxLag > 0 && p.src.HasControl() {
		s.probing.Go(w.run)
		return w.first
	}
	w.set(-1, false, "")
	close(w.first)
	return w.first
}

func (w *lagWatch) run() {
	defer w.line.hangUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for first := true; ; first = false {
		select {
		case <-w.p.ctx.Done():
			return
		case <-timer.C:
		}
		w.look()
		if first {
			close(w.first)
		}
		timer.Reset(jittered(w.src.Pool.Replication.Interval))
	}
}

// look asks once and draws the consequence.
func (w *lagWatch) look() {
	ctx, cancel := context.WithTimeout(w.p.ctx, askTimeout)
	defer cancel()
	lag, known, err := w.ask(ctx)
	var answer *wire.Err
	switch {
	case err == nil:
		w.complaint = ""
		w.judge(lag, known, time.Now())
	case errors.As(err, &answer):
		// It won't tell: the account may not look, or the server knows no replication.
		w.complain(err)
		w.set(-1, false, "its lag can't be told")
	case w.src.Backend.State() == core.Down:
		// When it comes back, it is behind until it says something else.
		w.set(-1, true, "")
	default:
		w.complain(err) // whether it lives is for the health check to say
	}
}

// ask gives the lag as the server sees it. Known is false if the server can't tell: one of
// its replication threads stands still.
func (w *lagWatch) ask(ctx context.Context) (lag time.Duration, known bool, err error) {
	if !w.line.open() {
		if w.line, err = w.src.lineTo(ctx); err != nil {
			return 0, false, err
		}
	}
	r, err := w.status(ctx)
	if err != nil && !isAnswer(err) {
		w.line.drop()
	}
	if err != nil {
		return 0, false, err
	}
	return behind(r)
}

// status has a row for each source that the server replicates, none for a primary.
func (w *lagWatch) status(ctx context.Context) (*result, error) {
	version := strings.ToLower(w.line.link.Greeting.Version)
	switch {
	case strings.Contains(version, "tidb"): // every node is as far as the others
		return &result{}, nil
	case strings.Contains(version, "mariadb"):
		return w.line.query(ctx, "SHOW ALL SLAVES STATUS")
	}
	r, err := w.line.query(ctx, "SHOW REPLICA STATUS")
	var answer *wire.Err
	if errors.As(err, &answer) && answer.Code == codeSyntax {
		return w.line.query(ctx, "SHOW SLAVE STATUS") // before 8.0.22
	}
	return r, err
}

const codeSyntax = 1064

// behind is the longest lag of all sources.
func behind(r *result) (lag time.Duration, known bool, err error) {
	at := -1
	for i, name := range r.columns {
		if name == "Seconds_Behind_Master" || name == "Seconds_Behind_Source" {
			at = i
		}
	}
	if at < 0 && len(r.rows) > 0 {
		return 0, false, fmt.Errorf("state of replication: %w: no lag in it", ErrUnexpected)
	}
	for _, row := range r.rows {
		if row[at] == nil {
			return 0, false, nil
		}
		n, err := strconv.ParseUint(string(row[at]), 10, 32)
		if err != nil {
			return 0, false, fmt.Errorf("state of replication: %w", err)
		}
		lag = max(lag, time.Duration(n)*time.Second)
	}
	return lag, true, nil
}

// judge takes the backend out of use, or back. While the lag is not known it grows by the
// clock: nothing is applied for sure, and what is missed is as old as the last good look.
func (w *lagWatch) judge(lag time.Duration, known bool, now time.Time) {
	limit, still := w.src.Pool.Replication.MaxLag, now.Sub(w.since).Round(time.Second)
	if known {
		w.last, w.since = lag, now
	} else {
		lag = w.last + now.Sub(w.since)
	}
	switch {
	case lag > limit && known:
		w.set(lag, true, fmt.Sprintf("it is %s behind, more than %s", lag, limit))
	case lag > limit:
		w.set(lag, true, fmt.Sprintf("its replication has stood still for %s at least", still))
	case lag <= limit/2 && known:
		w.set(lag, false, fmt.Sprintf("it is %s behind", lag))
	default:
		w.set(lag, w.src.Backend.Behind(), "")
	}
}

// set does nothing once somebody else watches. A change is told if there is a reason.
func (w *lagWatch) set(lag time.Duration, behind bool, reason string) {
	was := behind
	w.p.ifOwner(func() {
		w.src.Backend.SetLag(lag)
		was = w.src.Backend.SetBehind(behind)
	})
	switch {
	case was == behind || reason == "":
	case behind:
		w.p.log.Warn("replica is behind, reads go elsewhere", "reason", reason)
	default:
		w.p.log.Info("replica is in use again", "reason", reason)
	}
}

func (w *lagWatch) complain(err error) {
	if text := err.Error(); text != w.complaint && w.p.ctx.Err() == nil {
		w.complaint = text
		w.p.log.Warn("can't see how far behind the replica is", "error", err)
	}
}
