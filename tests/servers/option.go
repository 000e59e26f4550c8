package servers

import "time"

// Option changes how a server is started.
type Option func(*settings)

type settings struct {
	flags     []string
	maxPacket string
	plain     bool
	keep      bool
	wait      time.Duration
}

func collect(opts []Option) settings {
	s := settings{maxPacket: "64M", wait: time.Minute}
	for _, o := range opts {
		o(&s)
	}
	return s
}

// Flags adds command line flags for the server's program; of two equal ones the
// later wins. For TiDB they are flags of tidbpool.
func Flags(flags ...string) Option {
	return func(s *settings) { s.flags = append(s.flags, flags...) }
}

// MaxPacket sets MariaDB's max_allowed_packet, 64M unless given; 1G is the most.
func MaxPacket(size string) Option {
	return func(s *settings) { s.maxPacket = size }
}

// WithoutTLS starts the server without certificates, so that it does not offer TLS.
func WithoutTLS() Option {
	return func(s *settings) { s.plain = true }
}

// Keep lets the store of a TiDB pool outlive a crash of its process. MariaDB
// always keeps its data until Close.
func Keep() Option {
	return func(s *settings) { s.keep = true }
}

// StartWithin bounds how long a start may take; a minute unless given.
func StartWithin(d time.Duration) Option {
	return func(s *settings) { s.wait = d }
}
