package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core/wire/compress"
)

// again is what a socket returns when the kernel has no bytes or no room now. It is a
// temporary net.Error, so that crypto/tls keeps a half-read record and goes on later.
type again struct{}

func (again) Error() string   { return "would block" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

var errAgain error = again{}

// socket is one non-blocking descriptor with what is known of its readiness. The poller is
// edge-triggered: a flag is set by an event and cleared by the read or write that found
// the kernel empty or full.
type socket struct {
	fd       int // -1 when closed
	slot     int // in the loop's table
	readable bool
	writable bool
	hup      bool // the peer has closed its side

	hupMissed bool // the loop's alone: it heard so while a goroutine had the socket

	tls    *tls.Conn
	packed *compress.Stream // compression, inside TLS; nil for none
	out    []byte           // ciphertext or compressed bytes that the kernel had no room for
	park   func() error     // waits for an event, while a TLS handshake runs on a goroutine; else nil
}

// wake has the socket tried anew after events that were not noted. A peer's end is told
// but once.
func (s *socket) wake() {
	s.readable, s.writable = true, true
	s.hup = s.hup || s.hupMissed
}

// read reads once. A short read means that the kernel is empty, so it saves the read that
// would say so.
func (s *socket) read(p []byte) (int, error) {
	if s.packed != nil {
		n, err := s.packed.Read(p)
		s.readable = s.readable || s.packed.Buffered()
		return n, err
	}
	return s.readPlain(p)
}

// readPlain reads what compression, if there is any, has not yet been taken off from.
func (s *socket) readPlain(p []byte) (int, error) {
	if s.tls != nil {
		return s.tls.Read(p)
	}
	n, err := s.readRaw(p)
	if n < len(p) && !s.hup {
		s.readable = false
	}
	return n, err
}

func (s *socket) readRaw(p []byte) (int, error) {
	for {
		n, err := unix.Read(s.fd, p)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			s.readable = false
			return 0, errAgain
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// write writes as much as there is room for; errAgain says that there was too little.
// Over TLS or with compression the bytes may still be on their way when write returns, see
// flush.
func (s *socket) write(p []byte) (int, error) {
	if s.tls == nil && s.packed == nil {
		return s.writeRaw(p)
	}
	if err := s.flush(); err != nil {
		return 0, err
	}
	if s.packed != nil {
		return s.packed.Write(p)
	}
	return s.tls.Write(p)
}

func (s *socket) writeRaw(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := unix.Write(s.fd, p[done:])
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			s.writable = false
			return done, errAgain
		case err != nil:
			return done, os.NewSyscallError("write", err)
		default:
			done += n
		}
	}
	return done, nil
}

// flush writes what is held back; errAgain if some remains.
func (s *socket) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	n, err := s.writeRaw(s.out)
	s.out = s.out[n:]
	if len(s.out) == 0 {
		s.out = nil
	}
	return err
}

// transport is the net.Conn under a tls.Conn. Its Read fails with errAgain where a
// blocking one would wait, except while park is set; its Write never fails for want of
// room, for crypto/tls can't take a write up again.
type transport struct {
	s     *socket
	early []byte // what was read together with the packet that asked for TLS
}

func (t *transport) Read(p []byte) (int, error) {
	if len(t.early) > 0 {
		n := copy(p, t.early)
		t.early = t.early[n:]
		return n, nil
	}
	for {
		n, err := t.s.readRaw(p)
		if err != errAgain || t.s.park == nil {
			return n, err
		}
		if err := t.s.park(); err != nil {
			return 0, err
		}
	}
}

func (t *transport) Write(p []byte) (int, error) {
	if len(t.s.out) == 0 {
		n, err := t.s.writeRaw(p)
		if err == nil {
			return n, nil
		}
		if err != errAgain {
			return n, err
		}
		t.s.out = append(t.s.out, p[n:]...)
	} else {
		t.s.out = append(t.s.out, p...)
	}
	for t.s.park != nil && len(t.s.out) > 0 {
		if err := t.s.park(); err != nil {
			return 0, err
		}
		if err := t.s.flush(); err != nil && err != errAgain {
			return 0, err
		}
	}
	return len(p), nil
}

func (t *transport) Close() error                     { return nil } // the session closes the descriptor
func (t *transport) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (t *transport) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (t *transport) SetDeadline(time.Time) error      { return nil } // the session has its own
func (t *transport) SetReadDeadline(time.Time) error  { return nil }
func (t *transport) SetWriteDeadline(time.Time) error { return nil }

// errGone is the end of a flow whose session was closed under it.
var errGone = errors.New("the session was closed")
