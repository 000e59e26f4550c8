package compress

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/dbmesh/dbmesh/core/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func algorithms(t *testing.T, test func(t *testing.T, a Algorithm)) {
	t.Run("zlib", func(t *testing.T) { test(t, Zlib) })
	t.Run("zstd", func(t *testing.T) { test(t, Zstd) })
}

func TestBytesArriveAsTheyWereHoweverTheyAreCut(t *testing.T) {
	algorithms(t, func(t *testing.T, a Algorithm) {
		r := rand.New(rand.NewPCG(1, uint64(a)))
		for _, cut := range []*rand.Rand{nil, r} {
			client, server, _, _ := pair(a, cut)
			sizes := []int{0, 1, 40, 149, 150, 5000, 200_000}
			if cut == nil {
				sizes = append(sizes, wire.MaxPayload-1, wire.MaxPayload, wire.MaxPayload+10)
			}
			for _, n := range sizes {
				for _, payload := range [][]byte{filled(n, r), random(n, r)} {
					if n > 0 {
						payload[0] = 3
					}
					asked := packet(0, payload)
					if _, err := client.Write(asked); err != nil {
						t.Fatal(err)
					}
					if got := readAll(t, server, len(asked)); !bytes.Equal(got, asked) {
						t.Fatalf("a command of %d bytes did not arrive as it was: %d bytes, the first other one at %d", n, len(got), differs(got, asked))
					}
					answer := packet(1+byte(n/wire.MaxPayload), payload)
					if _, err := server.Write(answer); err != nil {
						t.Fatal(err)
					}
					if got := readAll(t, client, len(answer)); !bytes.Equal(got, answer) {
						t.Fatalf("an answer of %d bytes did not arrive as it was: %d bytes, the first other one at %d", n, len(got), differs(got, answer))
					}
				}
			}
			client.Close()
			server.Close()
		}
	})
}

func differs(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func TestRepetitiveBytesShrinkAndRandomOnesDoNotGrow(t *testing.T) {
	algorithms(t, func(t *testing.T, a Algorithm) {
		r := rand.New(rand.NewPCG(2, 2))
		client, _, up, _ := pair(a, nil)
		_, _ = client.Write(packet(0, filled(100_000, r)))
		if n := len(*up); n > 50_000 {
			t.Errorf("100,000 bytes of four letters became %d", n)
		}
		*up = nil
		_, _ = client.Write(packet(0, random(100_000, r)))
		if n := len(*up); n > 100_000+wire.HeaderLen+headerLen {
			t.Errorf("100,000 random bytes became %d", n)
		}
		if _, plain := outer(t, *up); plain[0] != 0 {
			t.Error("random bytes were sent compressed")
		}
		*up = nil
		_, _ = client.Write(packet(0, filled(100, r)))
		if _, plain := outer(t, *up); plain[0] != 0 {
			t.Error("a short command was sent compressed")
		}
	})
}

// lies are packets of a peer that is broken or means harm.
func lies(t testing.TB, a Algorithm) map[string][]byte {
	body := bytes.Repeat([]byte("some row"), 5000)
	long := bytes.Repeat([]byte("some row"), 50_000)
	honest := compressed(t, a, 0, body, len(body))
	all := map[string][]byte{
		"claims one byte more":         compressed(t, a, 0, body, len(body)+1),
		"claims one byte less":         compressed(t, a, 0, body, len(body)-1),
		"claims 16 MiB":                compressed(t, a, 0, body, wire.MaxPayload),
		"claims one byte":              compressed(t, a, 0, body, 1),
		"claims less of a long one":    compressed(t, a, 0, long, 1000),
		"has bytes behind its end":     header(len(honest)-headerLen+3, 0, len(body), append(honest[headerLen:len(honest):len(honest)], 1, 2, 3)),
		"is cut in its payload":        header(len(honest)-headerLen-5, 0, len(body), honest[headerLen:len(honest)-5]),
		"is nothing that was encoded":  header(len(body), 0, 1<<20, body),
		"is empty and claims a length": header(0, 0, 100, nil),
		"is empty again and again":     bytes.Repeat(header(0, 0, 0, nil), maxEmpty+1),
	}
	return all
}

func TestAPacketThatLiesEndsTheStreamAndTakesNoMoreThanItSays(t *testing.T) {
	algorithms(t, func(t *testing.T, a Algorithm) {
		for what, sent := range lies(t, a) {
			for _, cut := range []*rand.Rand{nil, rand.New(rand.NewPCG(3, 3))} {
				in := bytes.Clone(sent)
				s := Server(&pipe{in: &in, out: new([]byte), rand: cut, ended: true}, &Codecs{}, a, nil)
				err := drain(s)
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("a packet that %s: %v", what, err)
				}
				if _, again := s.Read(make([]byte, 10)); !errors.Is(again, ErrMalformed) {
					t.Errorf("a packet that %s: reading on gives %v", what, again)
				}
				s.Close()
			}
		}
	})
}

func drain(s *Stream) error {
	b := make([]byte, 4096)
	for {
		if _, err := s.Read(b); err != nil && err != errAgain {
			return err
		}
	}
}

func TestABombIsDecodedInBoundedMemory(t *testing.T) {
	algorithms(t, func(t *testing.T, a Algorithm) {
		zeros := make([]byte, wire.MaxPayload)
		bomb := compressed(t, a, 0, zeros, len(zeros))
		if len(bomb) > 100_000 {
			t.Fatalf("the bomb has %d bytes", len(bomb))
		}
		s := Server(&pipe{in: &bomb, out: new([]byte), rand: rand.New(rand.NewPCG(4, 4)), ended: true}, &Codecs{}, a, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := drain(s); err != io.EOF {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		limit := uint64(1 << 20)
		if a == Zstd {
			limit = 18 << 20 // the window that the frame asks for
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > limit {
			t.Errorf("16 MiB of zeros took %d bytes", took)
		}
		s.Close()
	})
}

func TestAZstdWindowIsNoLongerThanThePacket(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 40_000)
	var b bytes.Buffer
	e, err := zstd.NewWriter(&b, zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{body[:1000], body[1000:200_000], body[200_000:]} {
		_, _ = e.Write(part)
		_ = e.Flush()
	}
	_ = e.Close()
	sent := header(b.Len(), 0, len(body), b.Bytes())
	s := Server(&pipe{in: &sent, out: new([]byte), ended: true}, &Codecs{}, Zstd, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := readAll(t, s, len(body))
	runtime.ReadMemStats(&after)
	if len(got) != len(body) || !bytes.Equal(got[1000:], body[1000:]) {
		t.Error("it was not decoded")
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 3<<20 {
		t.Errorf("a packet of 400 kB in a frame with a window of 8 MiB took %d bytes", took)
	}
}

func TestASecondZstdFrameIsRefused(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 1000)
	one := compressed(t, Zstd, 0, body, len(body))[headerLen:]
	sent := header(2*len(one), 0, len(body), append(bytes.Clone(one), one...))
	s := Server(&pipe{in: &sent, out: new([]byte), ended: true}, &Codecs{}, Zstd, nil)
	if err := drain(s); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
}

func TestAnIdleStreamHoldsNoBuffer(t *testing.T) {
	algorithms(t, func(t *testing.T, a Algorithm) {
		client, server, _, _ := pair(a, nil)
		asked := packet(0, bytes.Repeat([]byte("select "), 1000))
		_, _ = client.Write(asked)
		readAll(t, server, len(asked))
		if _, err := server.Read(make([]byte, 10)); err != errAgain {
			t.Fatal(err)
		}
		if server.buf != nil || server.load.dec != nil || server.load.out != nil || server.Buffered() {
			t.Errorf("it holds %+v", server)
		}
	})
}

func TestCloseInTheMiddleOfAPacketEndsItsDecoder(t *testing.T) {
	algorithms(t, func(t *testing.T, a Algorithm) {
		client, server, up, _ := pair(a, nil)
		_, _ = client.Write(packet(0, random(3000, rand.New(rand.NewPCG(5, 5)))))
		_, _ = client.Write(packet(0, filled(100_000, rand.New(rand.NewPCG(5, 5)))))
		*up = (*up)[:len(*up)-10]
		for range 100 {
			if _, err := server.Read(make([]byte, 1000)); err == errAgain {
				break
			}
		}
		if server.load.resume == nil {
			t.Fatal("no decoder is waiting")
		}
		server.Close() // goleak finds the coroutine
		if _, err := server.Read(make([]byte, 1)); err == nil {
			t.Error("a closed stream gives bytes")
		}
		if _, err := server.Write([]byte("x")); err == nil {
			t.Error("a closed stream takes bytes")
		}
	})
}

func TestTheEndInAPacketIsUnexpected(t *testing.T) {
	whole := compressed(t, Zlib, 0, bytes.Repeat([]byte("x"), 5000), 5000)
	for n := range len(whole) {
		cut := bytes.Clone(whole[:n])
		s := Server(&pipe{in: &cut, out: new([]byte), ended: true}, &Codecs{}, Zlib, nil)
		err := drain(s)
		if want := io.ErrUnexpectedEOF; n > 0 && err != want || n == 0 && err != io.EOF {
			t.Errorf("cut at %d: %v", n, err)
		}
		s.Close()
	}
}
