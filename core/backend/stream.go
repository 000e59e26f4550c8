package backend

import (
	"crypto/tls"
	"io"
	"net"
)

// Stream is what a handshake runs over. Reads and writes block or fail; the owner bounds
// them in time.
type Stream interface {
	io.ReadWriter
	// StartTLS does a client's TLS handshake. Later reads and writes are inside TLS.
	StartTLS(cfg *tls.Config) error
}

// NetStream is a Stream over a net.Conn. It adds no buffer and no deadline.
type NetStream struct {
	net.Conn
}

// StartTLS puts TLS over the connection. A deadline that was set before holds.
func (s *NetStream) StartTLS(cfg *tls.Config) error {
	c := tls.Client(s.Conn, cfg)
	if err := c.Handshake(); err != nil {
		return err
	}
	s.Conn = c
	return nil
}
