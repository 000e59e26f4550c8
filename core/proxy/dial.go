package proxy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// maxDials is how many backends of a pool one login tries.
const maxDials = 3

// errTime is the end of a flow's wait at the session's deadline.
var errTime = errors.New("time is up")

// handshake is the login that follows a dial.
type handshake func(backend.Stream, *backend.Source) (*backend.Link, error)

// connect dials a backend of the session's pool and logs in: the one that a link chose
// first, then others, for a dead server must not fail a login while another one lives. A
// server that answers with an error ends the search: the next would say the same.
func (s *session) connect(f *flow, login handshake) (*link, *backend.Link, error) {
	return s.connectTo(f, s.Pool, s.Backend, login)
}

func (s *session) connectTo(f *flow, pool string, first *core.Backend, login handshake) (*link, *backend.Link, error) {
	var last error
	tried := make([]*core.Backend, 0, maxDials)
	for len(tried) < maxDials {
		b := s.pick(pool, first, tried)
		if b == nil {
			break
		}
		first = nil
		tried = append(tried, b)
		k, open, err := s.dial(f, b, login)
		if err == nil {
			return k, open, nil
		}
		var said *wire.Err
		if errors.As(err, &said) || errors.Is(err, errGone) || errors.Is(err, errRefused) {
			return nil, nil, err
		}
		s.log.Warn("backend can't be reached", "backend", b.Name, "address", b.Address, "error", err)
		last = fmt.Errorf("backend %q: %w", b.Name, err)
	}
	if last == nil {
		last = errors.New("none is usable; see /api/v1/backends")
	}
	return nil, nil, last
}

// pick is the backend to try next.
func (s *session) pick(pool string, first *core.Backend, tried []*core.Backend) *core.Backend {
	if first != nil {
		return first
	}
	p := s.Pools.Pool(pool)
	if p == nil {
		return nil
	}
next:
	for _, b := range p.Backends {
		if !b.Usable() || b.Weight == 0 || !s.seen(pool, b) {
			continue
		}
		for _, t := range tried {
			if t == b {
				continue next
			}
		}
		return b
	}
	return nil
}

// dial connects to one backend and logs in.
func (s *session) dial(f *flow, b *core.Backend, login handshake) (*link, *backend.Link, error) {
	src := s.srv.backends.Source(b)
	if src == nil {
		return nil, nil, errors.New("it was removed from the config")
	}
	resume := s.deadline
	s.timeout(src.Pool.ConnectTimeout)
	defer func() { s.restore(resume) }()
	addr, ok := src.Addr()
	if !ok {
		err := f.away(func() (err error) {
			ctx, cancel := context.WithTimeout(context.Background(), src.Pool.ConnectTimeout)
			defer cancel()
			addr, err = src.Resolve(ctx)
			return err
		})
		if err != nil {
			f.expired.Store(false)
			src.SawFailure(err)
			return nil, nil, err
		}
	}
	k := &link{src: src, sock: socket{fd: -1}}
	s.pending = k
	defer func() { s.pending = nil }()
	err := s.open(f, k, addr)
	var open *backend.Link
	if err == nil {
		open, err = login(stream{f, &k.sock}, src)
	}
	if err == nil {
		return k, open, nil
	}
	s.discard(k)
	if f.expired.Load() {
		f.expired.Store(false)
		err = fmt.Errorf("no answer within connect_timeout (%v)", src.Pool.ConnectTimeout)
		if b.State() == core.Down {
			err = errors.New("no answer until the health check gave it up")
		}
	}
	var said *wire.Err
	if !errors.As(err, &said) && !errors.Is(err, errGone) && !errors.Is(err, errRefused) {
		src.SawFailure(err)
	}
	return nil, nil, err
}

// hopeless says that the backend being dialled was found dead meanwhile: another one may
// serve.
func (s *session) hopeless() bool {
	return s.pending != nil && s.pending.src.Backend.State() == core.Down && s.flow != nil && !s.flow.expired.Load()
}

// open makes the socket and waits until it is connected.
func (s *session) open(f *flow, k *link, addr backend.Address) error {
	family, sa := sockaddr(addr)
	fd, err := newSocket(family)
	if err != nil {
		return err
	}
	k.sock.fd = fd
	if !addr.IsUnix() {
		tuneTCP(fd, k.src.Pool.UserTimeout)
	}
	err = unix.Connect(fd, sa)
	if werr := s.loop.watch(&k.sock, s); werr != nil {
		_ = unix.Close(fd)
		k.sock.fd = -1
		return werr
	}
	if err == nil {
		return nil
	}
	if err != unix.EINPROGRESS && err != unix.EINTR {
		return os.NewSyscallError("connect", err)
	}
	k.sock.writable = false
	for !k.sock.writable && !k.sock.hup {
		if err := f.wait(); err != nil {
			return err
		}
	}
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	return os.NewSyscallError("connect", err)
}

func sockaddr(a backend.Address) (int, unix.Sockaddr) {
	switch {
	case a.IsUnix():
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: a.Path}
	case a.IP.Addr().Is4() || a.IP.Addr().Is4In6():
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(a.IP.Port()), Addr: a.IP.Addr().As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(a.IP.Port()), Addr: a.IP.Addr().As16()}
}

// attach makes the connection the session's present one.
func (s *session) attach(k *link, open *backend.Link) {
	k.caps, k.id, k.schema = open.Caps, open.Greeting.ConnectionID, s.Schema
	b := k.src.Backend
	k.report = s.srv.reporter.Commands(b.Pool, b.Name)
	b.AddSession(1)
	s.links = append(s.links, k)
	s.link = k
	s.Bind(b)
	s.srv.registry.bind(s.ID, k)
	if s.caps.Has(wire.SessionTrack) {
		s.resp.Track = s.tracked
	}
}

// discard gives up a connection that was not attached.
func (s *session) discard(k *link) { s.shut(&k.sock) }

func (k *link) isUnix() bool {
	a, _ := k.src.Addr()
	return a.IsUnix()
}

// restore puts a deadline back that another one covered for a while.
func (s *session) restore(at time.Duration) {
	left := time.Duration(0)
	if at != 0 {
		left = max(at-s.loop.clock(), 1)
	}
	s.timeout(left)
}
