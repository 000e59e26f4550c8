package compress

import (
	"fmt"
	"io"
	"iter"
)

// payload is that of the compressed packet at hand.
type payload struct {
	open   bool
	stored bool // it is not compressed
	left   int  // bytes of it that are still to be taken from the buffer
	plain  int  // bytes that must still come out of it
	size   int  // as the header claims
	dec    decoder

	// Of a payload that was not whole in hand when it began. Decoders can't be told that
	// bytes come later, so one runs as a coroutine that waits for them.
	resume func() (bool, bool) // false for a decoder that waits
	stop   func()
	wait   func(bool) bool
	out    *chunk // what the decoder gave, from r to w
	r, w   int
	err    error
	one    [1]byte
}

// unpack gives bytes of the payload at hand; errStarved if it needs more of rw's.
func (s *Stream) unpack(p []byte) (int, error) {
	l := &s.load
	if l.stored {
		n := copy(p[:min(len(p), l.left)], s.bytes())
		s.r += n
		l.left -= n
		l.open = l.left > 0
		if n == 0 {
			return 0, errStarved
		}
		return n, nil
	}
	if l.dec == nil {
		if err := s.begin(); err != nil {
			return 0, err
		}
	}
	if l.plain > 0 {
		n, err := s.pull(p[:min(len(p), l.plain)])
		l.plain -= n
		if err == io.EOF {
			err = nil
			if l.plain > 0 {
				err = fmt.Errorf("%w: it is shorter than it claims", ErrMalformed)
			}
		}
		return n, err
	}
	n, err := s.pull(l.one[:])
	switch {
	case n > 0:
		return 0, fmt.Errorf("%w: it is longer than it claims", ErrMalformed)
	case err != io.EOF:
		return 0, err
	case l.left > 0:
		return 0, fmt.Errorf("%w: there are bytes behind its end", ErrMalformed)
	}
	s.codecs.decoded(l.dec, l.size)
	l.dec = nil
	s.drop()
	return 0, nil
}

func (s *Stream) bytes() []byte {
	if s.buf == nil {
		return nil
	}
	return s.buf.b[s.r:s.w]
}

// begin makes a decoder ready for the payload at hand.
func (s *Stream) begin() error {
	l := &s.load
	l.dec = s.codecs.decoder(s.algorithm)
	if l.left <= s.w-s.r {
		return l.dec.reset((*source)(s), l.size)
	}
	l.out = s.codecs.chunk()
	l.resume, l.stop = iter.Pull(func(yield func(bool) bool) {
		l.wait = yield
		err := l.dec.reset((*source)(s), l.size)
		for err == nil {
			l.r, l.w = 0, 0
			l.w, err = l.dec.Read(l.out.b)
			l.err = err
			if !yield(true) {
				return
			}
		}
		l.err = err
	})
	return nil
}

// pull takes decoded bytes.
func (s *Stream) pull(p []byte) (int, error) {
	l := &s.load
	if l.resume == nil {
		return l.dec.Read(p)
	}
	if l.r == l.w && l.err == nil {
		if ready, more := l.resume(); more && !ready {
			return 0, errStarved
		}
	}
	n := copy(p, l.out.b[l.r:l.w])
	l.r += n
	if l.r < l.w {
		return n, nil
	}
	return n, l.err
}

// drop ends the payload at hand.
func (s *Stream) drop() {
	l := &s.load
	if l.stop != nil {
		l.stop()
		s.codecs.chunks.Put(l.out)
	}
	*l = payload{}
}

// source is the payload at hand as its decoder reads it.
type source Stream

// Read gives what is in hand and waits for more if there is nothing.
func (s *source) Read(p []byte) (int, error) {
	for {
		l := &s.load
		if l.left == 0 {
			return 0, io.EOF
		}
		if b := (*Stream)(s).bytes(); len(b) > 0 {
			n := copy(p[:min(len(p), l.left)], b)
			s.r += n
			l.left -= n
			return n, nil
		}
		if l.wait == nil || !l.wait(false) {
			return 0, errClosed
		}
	}
}

// ReadByte keeps zlib from reading ahead.
func (s *source) ReadByte() (byte, error) {
	if l := &s.load; l.left > 0 && s.r < s.w {
		b := s.buf.b[s.r]
		s.r++
		l.left--
		return b, nil
	}
	var one [1]byte
	if _, err := s.Read(one[:]); err != nil {
		return 0, err
	}
	return one[0], nil
}
