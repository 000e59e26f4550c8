package compress

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
)

var errAgain = errors.New("would block")

// pipe is one end of a connection that gives its bytes in portions and fails for now
// between them.
type pipe struct {
	in, out *[]byte
	rand    *rand.Rand // nil for whole portions
	ended   bool
	dry     bool
}

func (p *pipe) Read(b []byte) (int, error) {
	if len(*p.in) == 0 {
		if p.ended {
			return 0, io.EOF
		}
		return 0, errAgain
	}
	n := len(b)
	if p.rand != nil {
		if p.dry = !p.dry; p.dry {
			return 0, errAgain
		}
		n = 1 + p.rand.IntN(min(len(b), 1<<p.rand.IntN(16)))
	}
	n = copy(b, (*p.in)[:min(n, len(*p.in))])
	*p.in = (*p.in)[n:]
	return n, nil
}

func (p *pipe) Write(b []byte) (int, error) {
	*p.out = append(*p.out, b...)
	return len(b), nil
}

// pair are the two Streams of one connection.
func pair(a Algorithm, r *rand.Rand) (client, server *Stream, up, down *[]byte) {
	up, down = new([]byte), new([]byte)
	var c Codecs
	client = Client(&pipe{in: down, out: up, rand: r}, &c, a)
	server = Server(&pipe{in: up, out: down, rand: r}, &c, a, nil)
	return client, server, up, down
}

// readAll reads until n bytes have come, over failures for now.
func readAll(t testing.TB, s *Stream, n int) []byte {
	t.Helper()
	var all []byte
	b := make([]byte, 100_000)
	for stuck := 0; len(all) < n; stuck++ {
		k, err := s.Read(b)
		all = append(all, b[:k]...)
		switch {
		case k > 0:
			stuck = 0
		case err != errAgain:
			t.Fatalf("read after %d bytes of %d: %v", len(all), n, err)
		case stuck > 1000:
			t.Fatalf("no more than %d bytes of %d came", len(all), n)
		}
	}
	return all
}

// packet is a frame, or some of them.
func packet(seq byte, payload []byte) []byte {
	b, _ := wire.AppendFrame(nil, payload, seq)
	return b
}

func filled(n int, r *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(r.IntN(4))
	}
	return b
}

func random(n int, r *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// outer are the headers of compressed packets in b.
func outer(t testing.TB, b []byte) (numbers []byte, plain []int) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < headerLen || len(b) < headerLen+wire.PayloadLen(b) {
			t.Fatalf("%d bytes are left of a compressed packet", len(b))
		}
		numbers, plain = append(numbers, b[3]), append(plain, wire.PayloadLen(b[4:]))
		b = b[headerLen+wire.PayloadLen(b):]
	}
	return numbers, plain
}

// inner are the numbers of the frames in b.
func inner(t testing.TB, b []byte) (numbers []byte) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < wire.HeaderLen+wire.PayloadLen(b) {
			t.Fatalf("%d bytes are left of a frame", len(b))
		}
		numbers = append(numbers, b[3])
		b = b[wire.HeaderLen+wire.PayloadLen(b):]
	}
	return numbers
}

// compressed is one compressed packet that claims to hold plain bytes.
func compressed(t testing.TB, a Algorithm, seq byte, payload []byte, plain int) []byte {
	t.Helper()
	var c Codecs
	k := &packing{}
	if err := c.encode(k, a, payload); err != nil {
		t.Fatal(err)
	}
	return header(len(k.b), seq, plain, k.b)
}

func header(n int, seq byte, plain int, payload []byte) []byte {
	b := []byte{byte(n), byte(n >> 8), byte(n >> 16), seq, byte(plain), byte(plain >> 8), byte(plain >> 16)}
	return append(b, payload...)
}
