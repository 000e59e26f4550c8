package proxy

import (
	"slices"

	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/core/wire/compress"
)

// below is a socket as its compression sees it: without compression, and with writes that
// never fail for want of room.
type below socket

func (b *below) Read(p []byte) (int, error) { return (*socket)(b).readPlain(p) }

func (b *below) Write(p []byte) (int, error) {
	s := (*socket)(b)
	if s.tls != nil {
		return s.tls.Write(p)
	}
	return (&transport{s: s}).Write(p)
}

// unpack ends the socket's compression. Its buffers go back.
func (s *socket) unpack() {
	if s.packed != nil {
		s.packed.Close()
	}
}

// offered are the capabilities by which a listener offers compression to clients.
func offered(names []string) (caps wire.Caps) {
	if slices.Contains(names, "zlib") {
		caps |= wire.Compress
	}
	if slices.Contains(names, "zstd") {
		caps |= wire.Zstd
	}
	return caps
}

// agreed is the compression that both ends of a hop have. Where they have both kinds,
// servers and clients use zlib.
func agreed(caps wire.Caps) (a compress.Algorithm, ok bool) {
	switch {
	case caps.Has(wire.Compress):
		return compress.Zlib, true
	case caps.Has(wire.Zstd):
		return compress.Zstd, true
	}
	return 0, false
}

// packClient begins the compression that was agreed with the client, behind the final OK
// of its login.
func (s *session) packClient(c *wire.Conn) {
	if a, ok := agreed(s.caps); ok {
		k := &s.client
		k.packed = compress.Server((*below)(k), &s.srv.codecs, a, c.Reset(stream{}))
		k.readable = true
	}
}

// packBackend begins the compression that was agreed with a server, likewise.
func (s *session) packBackend(k *socket, caps wire.Caps) {
	if a, ok := agreed(caps); ok {
		k.packed = compress.Client((*below)(k), &s.srv.codecs, a)
	}
}

// logIn proves dbmesh's own account to a server.
func (s *session) logIn(st backend.Stream, src *backend.Source, h backend.Hello) (*backend.Link, wire.OK, error) {
	open, ok, err := backend.Login(st, src, h)
	if err == nil {
		s.packBackend(st.(stream).s, open.Caps)
	}
	return open, ok, err
}
