package backend

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
)

// check proves that the server answers, within ctx: by a ping over the control line if
// there is one, else by a knock. Without one the login of the control account follows only
// after a knock has shown that the server is well, for a login that is cut short counts
// against the host.
func (p *prober) check(ctx context.Context) error {
	if err := p.locate(ctx); err != nil {
		return err
	}
	if p.line.open() {
		err := p.line.ping(ctx)
		if err == nil {
			return nil
		}
		p.line.drop()
		if ctx.Err() != nil {
			return err
		}
		// The line alone may have been cut, while the server is well.
	}
	if err := p.knock(ctx); err != nil {
		return err
	}
	if p.src.HasControl() && !time.Now().Before(p.relogin) {
		p.logIn(ctx)
	}
	return nil
}

// locate makes sure that there is an address to dial.
func (p *prober) locate(ctx context.Context) error {
	if _, ok := p.src.Addr(); ok {
		return nil
	}
	p.renew = time.Now().Add(jittered(resolveEvery))
	return p.src.refresh(ctx)
}

const (
	// reloginAfter is how long a control account that was refused is left alone.
	reloginAfter = time.Minute
	// never, unless the server is seen to come back or the settings change.
	never = 100 * 365 * 24 * time.Hour
)

// logIn opens the control line. Its failure is not the server's, which is alive.
func (p *prober) logIn(ctx context.Context) {
	l, release, err := p.src.logIn(ctx)
	if err == nil {
		release()
		p.line, p.complaint = l, ""
		return
	}
	if p.ctx.Err() != nil {
		return
	}
	p.relogin = time.Now().Add(reloginAfter)
	if errors.Is(err, ErrTLS) && ctx.Err() == nil {
		// The server counts each broken TLS handshake against the host.
		p.relogin = time.Now().Add(never)
	}
	if text := err.Error(); text != p.complaint {
		p.complaint = text
		p.log.Warn("the control account can't log in; probes go on without it", "error", err)
	}
}

// nobodyListens says that the machine answered and no server is there, which needs no
// second look.
func nobodyListens(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)
}

// Codes by which a server says that it takes nobody any more, or nobody from this host.
const (
	codeShutdown    = 1053
	codeHostBlocked = 1129
	codeHostRefused = 1130
	codeGoing       = 1152
	codeKilled      = 1927 // MariaDB's
)

// isAnswer says whether err is an answer that a live server gives: too many connections,
// access denied, and the like.
func isAnswer(err error) bool {
	var e *wire.Err
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case codeShutdown, codeHostBlocked, codeHostRefused, codeGoing, codeKilled:
		return false
	}
	return true
}
