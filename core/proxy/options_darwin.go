package proxy

import (
	"time"

	"golang.org/x/sys/unix"
)

// newSocket makes a non-blocking stream socket.
func newSocket(family int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	return fd, unix.SetNonblock(fd, true)
}

// accept takes the next connection off a listening socket.
func accept(fd int) (int, unix.Sockaddr, error) {
	nfd, sa, err := unix.Accept(fd)
	if err != nil {
		return -1, nil, err
	}
	unix.CloseOnExec(nfd)
	return nfd, sa, unix.SetNonblock(nfd, true)
}

// inherits says that accepted sockets have the listening one's options.
const inherits = false

// tuneTCP sets what every connection wants. darwin has no user timeout; its keepalive
// counts alone. Errors don't matter: the connection works without.
func tuneTCP(fd int, _ time.Duration) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NOSIGPIPE, 1)
}
