//go:build linux

// Package client is a MySQL client that costs the machine as little as it can:
// one raw socket, one buffer, no goroutine, so that a benchmark measures the
// proxy and not its load.
package client

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"syscall"
)

// Account is whom a connection logs in as; Database may be empty.
type Account struct{ User, Password, Database string }

// Conn is one connection. It belongs to one goroutine. Its socket blocks (with
// a time limit of 30 s) until NonBlocking is called.
type Conn struct {
	fd   int
	buf  []byte
	r, w int // buf[r:w] is read and not yet taken
	out  []byte
}

// Dial connects to an IPv4 address and logs in.
func Dial(addr string, who Account) (*Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address of the server: %w", err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	c := &Conn{fd: fd, buf: make([]byte, 16<<10)}
	limit := syscall.Timeval{Sec: 30}
	err = errors.Join(
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1),
		syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit),
		syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &limit),
		connect(fd, to))
	if err == nil {
		err = c.login(who)
	}
	if err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("log in at %s: %w", addr, err)
	}
	return c, nil
}

func connect(fd int, to netip.AddrPort) error {
	addr := &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	err := syscall.Connect(fd, addr)
	for errors.Is(err, syscall.EINTR) { // asked again, the kernel goes on with the same attempt
		err = syscall.Connect(fd, addr)
	}
	return err
}

// FD returns the socket, which the Conn goes on owning.
func (c *Conn) FD() int { return c.fd }

// NonBlocking makes Fill return at once when there is nothing to read.
func (c *Conn) NonBlocking() error { return syscall.SetNonblock(c.fd, true) }

// Close closes the socket without a word to the server.
func (c *Conn) Close() error { return syscall.Close(c.fd) }

// Send writes all of b.
func (c *Conn) Send(b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(c.fd, b)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return fmt.Errorf("send: %w", err)
		default:
			b = b[n:]
		}
	}
	return nil
}

// Grow gives the buffer at least n bytes, for replies that are larger than
// the first 16 KiB.
func (c *Conn) Grow(n int) {
	if len(c.buf) < n {
		next := make([]byte, n)
		c.w = copy(next, c.buf[c.r:c.w])
		c.buf, c.r = next, 0
	}
}

// Fill makes one read. What was read is in Bytes; the slices that Bytes returned
// before are no longer valid. A socket that does not block and has nothing to
// read is EAGAIN. The server's end of the connection is io.EOF.
func (c *Conn) Fill() error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	} else if c.w == len(c.buf) {
		if c.r == 0 {
			c.Grow(2 * len(c.buf))
		}
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	n, err := syscall.Read(c.fd, c.buf[c.w:])
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Read(c.fd, c.buf[c.w:])
	}
	switch {
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case n == 0:
		return io.EOF
	}
	c.w += n
	return nil
}

// Bytes returns what was read and not yet taken.
func (c *Conn) Bytes() []byte { return c.buf[c.r:c.w] }

// Take drops the first n bytes of Bytes.
func (c *Conn) Take(n int) { c.r += n }
