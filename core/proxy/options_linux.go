package proxy

import (
	"time"

	"golang.org/x/sys/unix"
)

// newSocket makes a non-blocking stream socket.
func newSocket(family int) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
}

// accept takes the next connection off a listening socket.
func accept(fd int) (int, unix.Sockaddr, error) {
	return unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
}

// inherits says that accepted sockets have the listening one's options.
const inherits = true

// Keepalive finds a dead idle peer in some 90 s, the user timeout a dead busy one.
const (
	keepIdle  = 60
	keepEvery = 10
	keepTries = 3
)

// tuneTCP sets what every connection wants: no delay of small packets, and an end to
// peers that have vanished. Errors don't matter: the connection works without.
func tuneTCP(fd int, userTimeout time.Duration) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepIdle)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, keepEvery)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepTries)
	if userTimeout > 0 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	}
}
