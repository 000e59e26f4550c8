package backend

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
)

// dial connects to the server, trying every address that its name has, the one in use
// first. The connection's reads and writes fail as soon as ctx ends, until release is
// called.
func (s *Source) dial(ctx context.Context) (conn net.Conn, release func(), err error) {
	addrs := []Address{s.target.fixed}
	if s.target.named() {
		all := s.known.addrs.Load()
		if all == nil {
			return nil, nil, errors.New("the backend's name isn't resolved")
		}
		addrs = *all
	}
	var errs []error
	for _, a := range addrs {
		conn, err := s.net.dial(ctx, a.network(), a.String())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.prefer(a)
		return conn, bind(ctx, conn), nil
	}
	return nil, nil, errors.Join(errs...)
}

// bind makes the connection's reads and writes fail as soon as ctx ends, until release is
// called.
func bind(ctx context.Context, conn net.Conn) (release func()) {
	_ = conn.SetDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// header is the PROXY protocol header of dbmesh's own connections, which come from nobody
// else; nil if the pool wants none.
func (s *Source) header() []byte {
	switch s.Pool.ProxyProtocol {
	case "v1":
		return wire.AppendProxyHeader(nil, 1, netip.AddrPort{}, netip.AddrPort{})
	case "v2":
		return wire.AppendProxyHeader(nil, 2, netip.AddrPort{}, netip.AddrPort{})
	}
	return nil
}
