package slowlog

import "sync"

// largeBuffer is the capacity beyond which a buffer is not kept for reuse.
const largeBuffer = 2 * largestSQL

// bufferPool holds the buffers that lines are made in.
type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) get() *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, 2048)
	return &b
}

func (p *bufferPool) put(b *[]byte) {
	if cap(*b) <= largeBuffer {
		*b = (*b)[:0]
		p.pool.Put(b)
	}
}
