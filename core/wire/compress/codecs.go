package compress

import (
	"compress/zlib"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Algorithm is how payloads are compressed.
type Algorithm uint8

// The algorithms of the protocol.
const (
	Zlib Algorithm = iota + 1
	Zstd
)

const (
	// chunkLen is how much is read from a peer at once.
	chunkLen = 32 << 10
	// pieceLen is how much goes into one compressed packet at most: one block of zstd.
	pieceLen = 128 << 10
	// packLen holds a usual Write when it is packed.
	packLen = pieceLen + 1<<10
	// minLen is the length from which on a payload is worth compressing.
	minLen = 150
	// maxWindow is the longest window that a zstd frame may ask for.
	maxWindow = 16 << 20
	// keepWindow is the longest one that a decoder is kept with for the next packet.
	keepWindow = 1 << 20
)

// Codecs lends what compression needs to the Streams of a process while they are at work:
// encoders during a Write, decoders and buffers from the first to the last byte of a
// packet. The zero value is ready. Safe for concurrent use.
type Codecs struct {
	deflaters, inflaters, encoders, decoders sync.Pool
	chunks, packs                            sync.Pool
}

type chunk struct{ b []byte }

func (c *Codecs) chunk() *chunk {
	if k, ok := c.chunks.Get().(*chunk); ok {
		return k
	}
	return &chunk{make([]byte, chunkLen)}
}

// packing is where compressed packets are put together.
type packing struct{ b []byte }

// Write appends, for zlib.
func (k *packing) Write(p []byte) (int, error) {
	k.b = append(k.b, p...)
	return len(p), nil
}

func (c *Codecs) packing() *packing {
	if k, ok := c.packs.Get().(*packing); ok {
		return k
	}
	return &packing{make([]byte, 0, packLen)}
}

func (c *Codecs) unpacked(k *packing) {
	if cap(k.b) <= 4*packLen {
		k.b = k.b[:0]
		c.packs.Put(k)
	}
}

// encode appends src to k, compressed.
func (c *Codecs) encode(k *packing, a Algorithm, src []byte) error {
	if a == Zstd {
		e, ok := c.encoders.Get().(*zstd.Encoder)
		if !ok {
			var err error
			e, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
				zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(pieceLen), zstd.WithEncoderCRC(false))
			if err != nil {
				return err
			}
		}
		k.b = e.EncodeAll(src, k.b)
		c.encoders.Put(e)
		return nil
	}
	w, ok := c.deflaters.Get().(*zlib.Writer)
	if !ok {
		var err error
		if w, err = zlib.NewWriterLevel(k, zlib.BestSpeed); err != nil {
			return err
		}
	} else {
		w.Reset(k)
	}
	_, err := w.Write(src)
	if err == nil {
		err = w.Close()
	}
	c.deflaters.Put(w)
	return err
}

// decoder decodes one payload at a time.
type decoder interface {
	io.Reader
	// reset begins with a payload that r gives and that claims to become size bytes.
	reset(r io.Reader, size int) error
}

type inflater struct{ r io.ReadCloser }

func (d *inflater) Read(p []byte) (int, error) { return d.r.Read(p) }

func (d *inflater) reset(r io.Reader, _ int) (err error) {
	if d.r == nil {
		d.r, err = zlib.NewReader(r)
		return err
	}
	return d.r.(zlib.Resetter).Reset(r, nil)
}

type zstdDecoder struct {
	*zstd.Decoder
	frame zstdFrame
}

func (d *zstdDecoder) reset(r io.Reader, size int) (err error) {
	d.frame = zstdFrame{r: r, size: size}
	if d.Decoder == nil {
		d.Decoder, err = zstd.NewReader(&d.frame, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		return err
	}
	return d.Reset(&d.frame)
}

func (c *Codecs) decoder(a Algorithm) decoder {
	pool := &c.inflaters
	if a == Zstd {
		pool = &c.decoders
	}
	if d, ok := pool.Get().(decoder); ok {
		return d
	}
	if a == Zstd {
		return &zstdDecoder{}
	}
	return &inflater{}
}

// decoded takes a decoder back that has come to the end of a payload of that length.
func (c *Codecs) decoded(d decoder, size int) {
	switch d := d.(type) {
	case *inflater:
		c.inflaters.Put(d)
	case *zstdDecoder:
		if size <= keepWindow {
			c.decoders.Put(d)
		}
	}
}
