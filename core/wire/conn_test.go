package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// stream is a connection that reads from one place and writes to another.
type stream struct {
	io.Reader
	io.Writer
}

func TestConnReadsWhatItWrote(t *testing.T) {
	payloads := []string{"", "a", strings.Repeat("b", 511), strings.Repeat("c", 512), strings.Repeat("d", 64<<10), "e"}
	var written bytes.Buffer
	w := NewConn(stream{Writer: &written})
	for _, p := range payloads {
		if err := w.WritePacket([]byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "halves": iotest.HalfReader,
		"bytes": iotest.OneByteReader, "with the error": iotest.DataErrReader,
	} {
		c := NewConn(stream{Reader: wrap(bytes.NewReader(written.Bytes()))})
		for i, p := range payloads {
			if got, err := c.ReadPacket(); err != nil || string(got) != p {
				t.Fatalf("%s: packet %d: %d bytes, %v", name, i, len(got), err)
			}
		}
		if c.Seq != byte(len(payloads)) {
			t.Errorf("%s: sequence number %d", name, c.Seq)
		}
		if _, err := c.ReadPacket(); err != io.EOF {
			t.Errorf("%s: behind the last packet: %v, want EOF", name, err)
		}
	}
}

func TestConnTellsAStreamCutInsideAPacket(t *testing.T) {
	b := packets(0, "hello")
	for n := 1; n < len(b); n++ {
		c := NewConn(stream{Reader: bytes.NewReader(b[:n])})
		if _, err := c.ReadPacket(); err != io.ErrUnexpectedEOF {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

func TestConnRefusesAPacketOverItsLimit(t *testing.T) {
	for _, c := range []struct {
		limit, length int
		want          error
	}{
		{10, 10, io.ErrUnexpectedEOF}, {10, 11, ErrTooLarge}, {1 << 30, MaxPayload, ErrTooLarge},
		{1 << 30, MaxPayload - 1, io.ErrUnexpectedEOF},
	} {
		var h [HeaderLen]byte
		PutHeader(h[:], c.length, 0)
		conn := NewConn(stream{Reader: bytes.NewReader(h[:])})
		conn.Limit = c.limit
		if _, err := conn.ReadPacket(); !errors.Is(err, c.want) {
			t.Errorf("length %d, limit %d: %v", c.length, c.limit, err)
		}
	}
	if err := NewConn(nil).WritePacket(make([]byte, MaxPayload)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("wrote a full frame: %v", err)
	}
}

func TestConnReservesNothingForWhatIsOnlyAnnounced(t *testing.T) {
	var h [HeaderLen]byte
	PutHeader(h[:], 64<<10, 0)
	c := NewConn(stream{Reader: bytes.NewReader(append(h[:], "some"...))})
	if _, err := c.ReadPacket(); err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	if len(c.buf) > 512 {
		t.Errorf("8 bytes came and %d are reserved", len(c.buf))
	}
}

func TestConnRefusesAPacketOutOfOrder(t *testing.T) {
	c := NewConn(stream{Reader: bytes.NewReader(append(packets(0, "a"), packets(2, "b")...))})
	if _, err := c.ReadPacket(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReadPacket(); !errors.Is(err, ErrSequence) {
		t.Errorf("got %v", err)
	}
}

func TestConnGivesUpOnAReaderThatGivesNothing(t *testing.T) {
	c := NewConn(stream{Reader: idle{}})
	if _, err := c.ReadPacket(); err != io.ErrNoProgress {
		t.Errorf("got %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestConnHandsOverWhatItReadAhead(t *testing.T) {
	c := NewConn(stream{Reader: bytes.NewReader(append(packets(0, "a"), "ahead"...))})
	if _, err := c.ReadPacket(); err != nil {
		t.Fatal(err)
	}
	if string(c.Buffered()) != "ahead" {
		t.Errorf("buffered %q", c.Buffered())
	}
	if ahead := c.Reset(stream{Reader: bytes.NewReader(packets(1, "b"))}); string(ahead) != "ahead" {
		t.Errorf("reset gave %q", ahead)
	}
	if p, err := c.ReadPacket(); err != nil || string(p) != "b" {
		t.Errorf("behind the reset: %q, %v", p, err)
	}
}

func TestConnPeeksWithoutConsuming(t *testing.T) {
	c := NewConn(stream{Reader: iotest.OneByteReader(strings.NewReader("PROXY" + string(packets(0, "a"))))})
	for n := range 6 {
		if b, err := c.Peek(n); err != nil || string(b) != "PROXY"[:n] {
			t.Fatalf("peek %d: %q, %v", n, b, err)
		}
	}
	c.Discard(5)
	if p, err := c.ReadPacket(); err != nil || string(p) != "a" {
		t.Errorf("behind the peek: %q, %v", p, err)
	}
}
