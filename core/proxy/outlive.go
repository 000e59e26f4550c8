package proxy

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// A server closes a connection's socket before it rolls back what was open there, and does
// not look at the socket while a statement runs. All that while it counts the connection.

// endTimeout bounds the wait for a server to be done with a connection that is closed here.
const endTimeout = time.Minute

// cut closes a connection on which something may run, has the server end that, and frees the
// place when it has. On the connection's loop.
func (k *link) cut() {
	over := k.over() // then there is nothing to kill, and the id may soon be another's
	srv := k.loop().chores.srv
	k.shut()
	srv.outlive(k, !over, func() { k.lending.Drop(k) })
}

// over says that the server has closed the connection.
func (k *link) over() bool {
	if k.sock.hup || k.sock.hupMissed || k.sock.fd < 0 {
		return true
	}
	var b [1]byte
	n, err := k.sock.readRaw(b[:])
	return n == 0 && err != errAgain
}

// outlive calls then, from any goroutine, when the server counts a connection no more that is
// closed here, or doesn't tell.
func (s *Server) outlive(k *link, kill bool, then func()) {
	src, id, as := k.src, k.id, k.account
	s.jobs.Go(func() {
		defer then()
		ctx, cancel := context.WithTimeout(s.ctx, endTimeout)
		defer cancel()
		if err := s.awaitEnd(ctx, src, as, id, kill); err != nil && s.ctx.Err() == nil {
			s.log.Warn("a server does not tell that a connection has ended; its place is free nevertheless",
				"backend", src.Backend.Name, "connection", id, "error", err)
		}
	})
}

// awaitEnd asks until the server answers. An id is killed only while no restart can have given
// it to somebody else.
func (s *Server) awaitEnd(ctx context.Context, src *backend.Source, as *core.Account, id uint32, kill bool) error {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := s.askEnd(ctx, src, as, id, kill)
		var said *wire.Err
		switch {
		case err == nil, errors.Is(err, unix.ECONNREFUSED): // where no server is, none counts
			return nil
		case errors.As(err, &said) && !tooMany(said.Code):
			return err
		}
		kill = kill && said != nil
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// tooMany says that a server has refused a login only because it has others.
func tooMany(code uint16) bool {
	switch code {
	case 1040, 1203, 1226: // of the server, of the user by max_user_connections, of the account's limit
		return true
	}
	return false
}

// askEnd is one try: by the control account where that may kill and see what is another's, so
// that the account has no connection more for it, else by the connection's own.
func (s *Server) askEnd(ctx context.Context, src *backend.Source, as *core.Account, id uint32, kill bool) error {
	select {
	case s.cancels <- struct{}{}:
		defer func() { <-s.cancels }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if src.HasControl() {
		err := src.End(ctx, src.Pool.Control.User, src.Pool.Control.Password, id, kill)
		if err == nil || refused(err) == 0 && !errors.Is(err, backend.ErrUnseen) {
			return err
		}
		kill = kill && !errors.Is(err, backend.ErrUnseen)
	}
	err := src.End(ctx, as.BackendUser, as.BackendPassword, id, kill)
	if errors.Is(err, backend.ErrUnseen) {
		return nil // of its own connections an account sees all that this server has
	}
	return err
}
