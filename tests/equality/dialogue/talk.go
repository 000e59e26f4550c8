package dialogue

import (
	"context"

	"github.com/dbmesh/dbmesh/core/wire"
)

// Talk is a session that plays steps when it is told to, for callers that have many open.
// It is for one goroutine at a time.
type Talk struct{ p *player }

// Open logs in. The deadline of ctx is that of all that follows.
func Open(ctx context.Context, to Target, want wire.Caps) (*Talk, error) {
	p, err := login(ctx, to, want)
	if err != nil {
		return nil, err
	}
	return &Talk{p}, nil
}

// Say plays steps, each alone, and gives what was said meanwhile.
func (t *Talk) Say(steps ...Step) (*Transcript, error) {
	t.p.said = Transcript{}
	for i := range steps {
		if err := t.p.together(steps[i : i+1]); err != nil {
			return &t.p.said, err
		}
	}
	said := t.p.said
	return &said, nil
}

// Close ends the connection without a farewell.
func (t *Talk) Close() error { return t.p.conn.Close() }
