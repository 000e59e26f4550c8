package backend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// ErrUnseen says that the server shows the account no such connection: it has ended, or is
// somebody else's.
var ErrUnseen = errors.New("the account does not see the connection")

// noSuchThread is a server's error for a KILL of a connection that has ended.
const noSuchThread = 1094

// The pause between two looks grows from the one to the other.
const shortLook, longLook = 2 * time.Millisecond, 250 * time.Millisecond

// End waits until the server counts a connection no more, which is later than the end of its
// socket: a transaction is rolled back in between. With kill it ends the connection first. It
// asks over one connection of its own. An account sees its own connections, others only with
// a right to that: where it sees none to begin with, the error is ErrUnseen, after the KILL.
// Each answer is awaited for connect_timeout at most, the end until ctx ends.
func (s *Source) End(ctx context.Context, user string, password core.Secret, id uint32, kill bool) error {
	l, err := s.lineAs(ctx, user, password)
	if err != nil {
		return fmt.Errorf("log in as %q to end a connection: %w", user, err)
	}
	defer l.drop()
	seen, err := s.sees(ctx, &l, id)
	if err == nil && kill {
		err = s.kill(ctx, &l, "CONNECTION", id)
		if e := (*wire.Err)(nil); errors.As(err, &e) && e.Code == noSuchThread {
			l.hangUp()
			return nil
		}
	}
	if err == nil && !seen {
		err = ErrUnseen
	}
	for pause := shortLook; seen && err == nil; pause = min(2*pause, longLook) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
			seen, err = s.sees(ctx, &l, id)
		}
	}
	if err == nil || isAnswer(err) || errors.Is(err, ErrUnseen) {
		l.hangUp()
	}
	return err
}

// lineAs logs in within connect_timeout. The caller hangs up, or drops the line.
func (s *Source) lineAs(ctx context.Context, user string, password core.Secret) (line, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Pool.ConnectTimeout)
	defer cancel()
	if _, err := s.Resolve(ctx); err != nil {
		return line{}, err
	}
	l, release, err := s.logInAs(ctx, user, password)
	if err != nil {
		return line{}, err
	}
	release()
	return l, nil
}

func (s *Source) kill(ctx context.Context, l *line, what string, id uint32) error {
	ctx, cancel := context.WithTimeout(ctx, s.Pool.ConnectTimeout)
	defer cancel()
	defer bind(ctx, l.conn)()
	return l.do(comQuery, fmt.Sprintf("KILL %s %d", what, id))
}

func (s *Source) sees(ctx context.Context, l *line, id uint32) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Pool.ConnectTimeout)
	defer cancel()
	row, err := l.row(ctx, fmt.Sprintf("SELECT COUNT(*) FROM information_schema.processlist WHERE id = %d", id), 1)
	return err == nil && row[0] != "0", err
}
