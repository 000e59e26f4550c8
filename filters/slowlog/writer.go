package slowlog

import (
	"io"
	"sync/atomic"
)

// What may wait for the disk, whichever is reached first.
const (
	maxQueuedLines = 4096
	maxQueuedBytes = 8 << 20
)

// writer is one file and the goroutine that writes to it.
type writer struct {
	path    string
	users   int // guarded by Logs.mu
	queue   chan *[]byte
	queued  atomic.Int64 // bytes
	buffers bufferPool
	replace chan io.WriteCloser
	ended   chan struct{}
	broken  func(path string, err error, first bool)
}

func newWriter(path string, f io.WriteCloser, broken func(string, error, bool)) *writer {
	w := &writer{
		path: path, queue: make(chan *[]byte, maxQueuedLines), broken: broken,
		replace: make(chan io.WriteCloser), ended: make(chan struct{}),
	}
	go w.run(f)
	return w
}

// full says that put would return false, before a line is made for nothing.
func (w *writer) full() bool {
	return len(w.queue) == cap(w.queue) || w.queued.Load() >= maxQueuedBytes
}

// put hands over a line, or returns false if too much is waiting already. It never waits.
func (w *writer) put(line *[]byte) bool {
	size := int64(len(*line))
	if w.queued.Add(size) > maxQueuedBytes {
		w.queued.Add(-size)
		return false
	}
	select {
	case w.queue <- line:
		return true
	default:
		w.queued.Add(-size)
		return false
	}
}

// end waits until all lines are written. Nobody may put afterwards.
func (w *writer) end() {
	close(w.queue)
	<-w.ended
}

func (w *writer) run(f io.WriteCloser) {
	defer close(w.ended)
	failing := false
	for {
		select {
		case next := <-w.replace:
			_ = f.Close() // every line was handed to the kernel already
			f = next
		case line, ok := <-w.queue:
			if !ok {
				_ = f.Close()
				return
			}
			// One write a line: whoever reads along sees whole lines only.
			_, err := f.Write(*line)
			if err != nil {
				w.broken(w.path, err, !failing)
			}
			failing = err != nil
			w.queued.Add(-int64(len(*line)))
			w.buffers.put(line)
		}
	}
}
