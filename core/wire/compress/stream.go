package compress

import (
	"errors"
	"fmt"
	"io"

	"github.com/dbmesh/dbmesh/core/wire"
)

// Errors of a peer's bytes. After one the Stream reads no further.
var (
	ErrMalformed = errors.New("malformed compressed packet")

	errStarved = errors.New("more bytes are needed")
	errClosed  = errors.New("the stream was closed")
)

const (
	headerLen = 7
	// maxEmpty is how many packets without a payload may come in a row. Some servers send
	// one now and then.
	maxEmpty = 64
)

// Stream is one hop whose bytes travel compressed. It owns no buffer while it is idle. It
// is for one goroutine at a time.
type Stream struct {
	rw        io.ReadWriter
	codecs    *Codecs
	algorithm Algorithm
	numbers   numbers

	ahead []byte // what was read before the Stream began
	buf   *chunk // bytes of rw that were not yet taken, from r to w
	r, w  int

	load    payload
	empty   int
	starved bool // the last Read ended for want of bytes
	err     error
}

// Server makes a Stream whose peer is a client. ahead is what was read from rw behind the
// login; the Stream keeps it. A Read of rw that fails for now, such as one that would
// block, may be tried again by reading from the Stream again. A Write of rw must take all
// or fail for good.
func Server(rw io.ReadWriter, c *Codecs, a Algorithm, ahead []byte) *Stream {
	s := Client(rw, c, a)
	s.ahead, s.numbers.serves = ahead, true
	return s
}

// Client makes a Stream whose peer is a server.
func Client(rw io.ReadWriter, c *Codecs, a Algorithm) *Stream {
	return &Stream{rw: rw, codecs: c, algorithm: a}
}

// Buffered says whether Read may have something to give without reading from rw.
func (s *Stream) Buffered() bool {
	if s.load.open {
		return !s.starved
	}
	return s.r < s.w || len(s.ahead) > 0
}

// Read gives what the peer sent, with the frames' numbers as they were without
// compression. It reads from rw only if it has nothing to give. What a client has sent is
// given one compressed packet at a time: the number of the one that was read last decides
// the number of the answer.
func (s *Stream) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if s.err != nil {
			return n, s.final(n)
		}
		if s.load.open {
			k, err := s.unpack(p[n:])
			s.numbers.received(p[n : n+k])
			n += k
			if err == nil {
				continue
			}
			if err != errStarved {
				s.fail(err)
				continue
			}
		} else {
			if n > 0 && s.numbers.serves {
				return n, nil
			}
			if err := s.next(); err == nil {
				continue
			} else if err != errStarved {
				s.fail(err)
				continue
			}
		}
		s.starved = true
		if n > 0 {
			s.spare()
			return n, nil
		}
		if err := s.fill(); err != nil {
			s.spare()
			return 0, err
		}
		s.starved = false
	}
	return n, nil
}

// final is the error of a Read after the Stream has failed.
func (s *Stream) final(n int) error {
	if n > 0 {
		return nil
	}
	return s.err
}

func (s *Stream) fail(err error) {
	s.drop()
	if !errors.Is(err, ErrMalformed) && err != errClosed {
		err = fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	s.err = err
}

// next takes the header of the next compressed packet.
func (s *Stream) next() error {
	if s.w-s.r < headerLen {
		return errStarved
	}
	h := s.buf.b[s.r:]
	length, seq, plain := wire.PayloadLen(h), h[3], wire.PayloadLen(h[4:])
	s.r += headerLen
	s.numbers.next = seq + 1
	if length == 0 {
		if s.empty++; plain != 0 || s.empty > maxEmpty {
			return fmt.Errorf("%w: it is empty", ErrMalformed)
		}
		return nil
	}
	s.empty = 0
	s.numbers.open(seq)
	s.load = payload{open: true, left: length, plain: plain, size: plain, stored: plain == 0}
	return nil
}

// fill reads once from rw.
func (s *Stream) fill() error {
	if s.buf == nil {
		s.buf, s.r, s.w = s.codecs.chunk(), 0, 0
	}
	if s.r > 0 {
		s.r, s.w = 0, copy(s.buf.b, s.buf.b[s.r:s.w])
	}
	if len(s.ahead) > 0 {
		k := copy(s.buf.b[s.w:], s.ahead)
		s.ahead = s.ahead[k:]
		s.w += k
		return nil
	}
	n, err := s.rw.Read(s.buf.b[s.w:])
	s.w += n
	switch {
	case n > 0:
		return nil
	case err == io.EOF && (s.load.open || s.w > 0):
		return io.ErrUnexpectedEOF
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}

// spare gives an empty buffer back.
func (s *Stream) spare() {
	if s.buf != nil && s.r == s.w {
		s.codecs.chunks.Put(s.buf)
		s.buf, s.r, s.w = nil, 0, 0
	}
}

// Write packs p and writes it to rw at once. Where a command begins in p, a compressed
// packet begins.
func (s *Stream) Write(p []byte) (int, error) {
	if s.err == errClosed {
		return 0, errClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	k := s.codecs.packing()
	defer s.codecs.unpacked(k)
	for rest := p; len(rest) > 0; {
		n := s.numbers.sent(rest)
		for piece := rest[:n]; len(piece) > 0; {
			part := piece[:min(len(piece), pieceLen)]
			if err := s.pack(k, part); err != nil {
				return 0, err
			}
			piece = piece[len(part):]
		}
		rest = rest[n:]
	}
	if _, err := s.rw.Write(k.b); err != nil {
		return 0, err
	}
	return len(p), nil
}

// pack appends one compressed packet.
func (s *Stream) pack(k *packing, part []byte) error {
	at := len(k.b)
	k.b = append(k.b, make([]byte, headerLen)...)
	plain := 0
	if len(part) >= minLen {
		if err := s.codecs.encode(k, s.algorithm, part); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
		plain = len(part)
	}
	if n := len(k.b) - at - headerLen; plain == 0 || n >= plain {
		k.b = append(k.b[:at+headerLen], part...)
		plain = 0
	}
	h := k.b[at:]
	wire.PutHeader(h, len(h)-headerLen, s.numbers.next)
	h[4], h[5], h[6] = byte(plain), byte(plain>>8), byte(plain>>16)
	s.numbers.next++
	return nil
}

// Close gives back what the Stream holds, in the middle of a packet too. It leaves rw open.
func (s *Stream) Close() {
	s.drop()
	s.err, s.ahead = errClosed, nil
	if s.buf != nil {
		s.r = s.w
		s.spare()
	}
}
