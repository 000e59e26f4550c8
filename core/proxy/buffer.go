package proxy

import "sync"

// Sizes of pooled buffers. Small holds most commands and replies whole; a result that
// fills small buffers in a row gets a large one, which halves its cost per byte.
const (
	smallBuffer = 16 << 10
	largeBuffer = 256 << 10
)

// buffers lends byte slices of few sizes. Safe for concurrent use.
type buffers struct{ small, large sync.Pool }

type chunk struct{ b []byte }

func (p *buffers) get(n int) *chunk {
	switch {
	case n <= smallBuffer:
		if c, ok := p.small.Get().(*chunk); ok {
			return c
		}
		return &chunk{make([]byte, smallBuffer)}
	case n <= largeBuffer:
		if c, ok := p.large.Get().(*chunk); ok {
			return c
		}
		return &chunk{make([]byte, largeBuffer)}
	}
	return &chunk{make([]byte, n)}
}

func (p *buffers) put(c *chunk) {
	switch len(c.b) {
	case smallBuffer:
		p.small.Put(c)
	case largeBuffer:
		p.large.Put(c)
	}
}

// buffer is a window of bytes on its way: filled at w, taken at r. What lies before mid was
// followed by the wire package and may go on its way; behind it is a part of a packet. It
// holds memory only between need and release.
type buffer struct {
	pool      *buffers
	chunk     *chunk
	r, mid, w int
}

func (b *buffer) len() int      { return b.w - b.r }
func (b *buffer) bytes() []byte { return b.chunk.b[b.r:b.w] }
func (b *buffer) free() []byte  { return b.chunk.b[b.w:] }

// followed and unfollowed are the parts of bytes before and behind mid.
func (b *buffer) followed() []byte {
	if b.mid <= b.r {
		return nil
	}
	return b.chunk.b[b.r:b.mid]
}
func (b *buffer) unfollowed() []byte { return b.chunk.b[b.mid:b.w] }

// need makes room so that n bytes fit behind r, moving or growing what is held.
func (b *buffer) need(n int) {
	if b.chunk == nil {
		b.chunk = b.pool.get(n)
		b.r, b.mid, b.w = 0, 0, 0
		return
	}
	if len(b.chunk.b)-b.r >= n {
		return
	}
	if len(b.chunk.b) >= n {
		b.compact()
		return
	}
	next := b.pool.get(n)
	b.move(next)
	b.pool.put(b.chunk)
	b.chunk = next
}

// compact moves what is held to the front.
func (b *buffer) compact() {
	if b.r > 0 {
		b.move(b.chunk)
	}
}

func (b *buffer) move(to *chunk) {
	copy(to.b, b.chunk.b[b.r:b.w])
	b.mid, b.w, b.r = max(b.mid-b.r, 0), b.w-b.r, 0
}

// release gives the memory back; what was held is lost.
func (b *buffer) release() {
	if b.chunk != nil {
		b.pool.put(b.chunk)
		b.chunk = nil
	}
	b.r, b.mid, b.w = 0, 0, 0
}
