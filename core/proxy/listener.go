package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/proxy/poll"
)

// Listener is one listener of the config, with the settings in force. Sessions keep theirs
// for life, also after it was removed.
type Listener struct {
	state    atomic.Pointer[listenerState]
	sessions atomic.Int64
	logins   atomic.Int64
	removed  time.Time // from the config; for the holder of the Server's lock
}

type listenerState struct {
	set     core.ListenerSettings
	tls     *tls.Config
	trusted []netip.Prefix
	live    *core.Live
	local   netip.AddrPort
}

func (l *Listener) settings() *core.ListenerSettings { return &l.state.Load().set }
func (l *Listener) tls() *tls.Config                 { return l.state.Load().tls }
func (l *Listener) local() netip.AddrPort            { return l.state.Load().local }

// chain acquires the chain in force, nil when the server has closed. A chain that was
// taken out between the two steps has a successor.
func (l *Listener) chain() *core.Chain {
	for {
		st := l.state.Load()
		if ch := st.live.Acquire(); ch != nil || l.state.Load() == st {
			return ch
		}
	}
}

// readsParams says whether the chain in force has a link that asks for parameters.
func (l *Listener) readsParams() bool {
	ch := l.chain()
	if ch == nil {
		return false
	}
	defer ch.Release()
	return ch.ReadsParams()
}

// readsColumns says whether the chain in force has a link that sees columns.
func (l *Listener) readsColumns() bool {
	ch := l.chain()
	if ch == nil {
		return false
	}
	defer ch.Release()
	return ch.ReadsColumns()
}

// trusts says whether a PROXY header from the address is believed.
func (l *Listener) trusts(a netip.Addr) bool {
	for _, p := range l.state.Load().trusted {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// newListenerState does what can fail: certificates and networks.
func newListenerState(set core.ListenerSettings) (*listenerState, error) {
	st := &listenerState{set: set}
	for _, cidr := range set.ProxyProtocol {
		p, err := netip.ParsePrefix(cidr)
		if err != nil {
			return nil, fmt.Errorf("proxy_protocol_from: %w", err)
		}
		st.trusted = append(st.trusted, p)
	}
	if set.TLS.Mode == "off" || set.TLS.Cert == "" {
		return st, nil
	}
	cert, err := tls.LoadX509KeyPair(set.TLS.Cert, set.TLS.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	st.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if set.TLS.ClientCA != "" {
		pem, err := os.ReadFile(set.TLS.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("tls.client_ca: %w", err)
		}
		st.tls.ClientCAs = x509.NewCertPool()
		if !st.tls.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.client_ca: %s holds no certificate", set.TLS.ClientCA)
		}
		st.tls.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return st, nil
}

// acceptor is a listening socket. It outlives changes of its listener's other settings.
type acceptor struct {
	srv     *Server
	sock    socket
	addr    net.Addr
	path    string // of a unix socket
	lis     atomic.Pointer[Listener]
	closed  bool // on loop 0
	resting bool // likewise
}

// listen opens a listening socket. The net package does it, for addresses are its trade;
// the descriptor is taken over, for the loop accepts.
func listen(address string, srv *Server) (*acceptor, error) {
	a := &acceptor{srv: srv}
	path, isUnix := strings.CutPrefix(address, "unix:")
	if isUnix {
		if err := removeStale(path); err != nil {
			return nil, err
		}
	}
	fd, addr, err := openListener(address, path, isUnix)
	if err != nil {
		return nil, err
	}
	a.sock.fd, a.addr, a.path = fd, addr, path
	if !isUnix {
		tuneTCP(fd, clientTimeout)
	}
	return a, nil
}

// clientTimeout is TCP_USER_TIMEOUT of client connections.
const clientTimeout = 60 * time.Second

func openListener(address, path string, isUnix bool) (int, net.Addr, error) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(false) // socket options misbehave on multipath sockets
	network := "tcp"
	if isUnix {
		network, address = "unix", path
	}
	l, err := lc.Listen(context.Background(), network, address)
	if err != nil {
		return -1, nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	defer l.Close()
	file, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return -1, nil, err
	}
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return -1, nil, os.NewSyscallError("fcntl", err)
	}
	return fd, l.Addr(), unix.SetNonblock(fd, true)
}

// removeStale removes a unix socket that nobody listens on any more.
func removeStale(path string) error {
	if fi, err := os.Lstat(path); err != nil || fi.Mode()&os.ModeSocket == 0 {
		return nil
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return fmt.Errorf("%s: another process listens there", path)
	}
	return os.Remove(path)
}

// ready accepts what has come, a bounded number so that sessions get their turn.
func (a *acceptor) ready(s *socket, e poll.Event) {
	if a.closed || a.resting {
		return
	}
	for range 64 {
		fd, sa, err := accept(s.fd)
		switch err {
		case nil:
			a.take(fd, sa)
			continue
		case unix.EINTR, unix.ECONNABORTED:
			continue
		case unix.EAGAIN:
			return
		}
		a.rest(s, e, err)
		return
	}
	a.srv.loops[0].post(func() { a.ready(s, e) })
}

// rest ends accepting for a while, out of descriptors or memory: connections stay in the
// queue until something has ended.
func (a *acceptor) rest(s *socket, e poll.Event, err error) {
	a.srv.log.Error("accept", "error", err)
	a.resting = true
	a.srv.loops[0].later(100*time.Millisecond, func() {
		a.resting = false
		a.ready(s, e)
	})
}

// take makes a session of a new connection, on the next loop in turn.
func (a *acceptor) take(fd int, sa unix.Sockaddr) {
	lis := a.lis.Load()
	client := addrPort(sa)
	if !inherits && client.IsValid() {
		tuneTCP(fd, clientTimeout)
	}
	l := a.srv.nextLoop()
	if l == a.srv.loops[0] {
		a.srv.open(l, lis, fd, client)
		return
	}
	if !l.post(func() { a.srv.open(l, lis, fd, client) }) {
		_ = unix.Close(fd)
	}
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}
