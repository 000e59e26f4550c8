package proxy

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// A buffer is a queue of bytes whatever moves inside it: it is compared with a plain slice
// over random steps.
func TestABufferIsAQueue(t *testing.T) {
	var pool buffers
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		b := buffer{pool: &pool}
		var want, followed []byte // all that is held, and the part that was followed
		next := byte(0)
		for step := range 200 {
			switch rng.IntN(6) {
			case 0, 1: // fill
				n := rng.IntN([]int{100, 100, 20 << 10, 300 << 10}[rng.IntN(4)]) + 1
				b.need(b.len() + n)
				if len(b.free()) < n {
					t.Fatalf("need left room for %d, want %d", len(b.free()), n)
				}
				for i := range n {
					b.free()[i] = next
					want = append(want, next)
					next++
				}
				b.w += n
			case 2: // follow
				if b.chunk != nil && len(b.unfollowed()) > 0 && b.mid >= b.r {
					n := rng.IntN(len(b.unfollowed())) + 1
					b.mid += n
					followed = want[:b.mid-b.r]
				}
			case 3: // take
				n := rng.IntN(len(followed) + 1)
				b.r += n
				want, followed = want[n:], followed[n:]
			case 4:
				if b.chunk != nil {
					b.compact()
				}
			case 5:
				if step%20 == 0 {
					b.release()
					want, followed = nil, nil
				}
			}
			if b.chunk == nil {
				continue
			}
			if !bytes.Equal(b.bytes(), want) || !bytes.Equal(b.followed(), followed) {
				t.Fatalf("step %d: holds %d bytes, %d followed; want %d and %d", step, b.len(), len(b.followed()), len(want), len(followed))
			}
		}
		b.release()
	}
}

func TestBuffersOfTheTwoSizesAreLentAgain(t *testing.T) {
	var pool buffers
	for n, want := range map[int]int{1: smallBuffer, smallBuffer: smallBuffer, smallBuffer + 1: largeBuffer, largeBuffer: largeBuffer, largeBuffer + 1: largeBuffer + 1} {
		c := pool.get(n)
		if len(c.b) != want {
			t.Errorf("%d bytes asked for, %d got, want %d", n, len(c.b), want)
		}
		pool.put(c) // one of an odd size is forgotten
		if again := pool.get(n); len(again.b) < n {
			t.Errorf("%d bytes asked for again, %d got", n, len(again.b))
		}
	}
}
