package live

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// figures are what must not grow.
type figures struct {
	goroutines, files int
	heap              uint64
}

func measure() figures {
	runtime.GC()
	runtime.GC() // the second one frees what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return figures{ours(), openFiles(), m.HeapAlloc}
}

func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(entries)
}

// ours counts the goroutines that run dbmesh's code: drivers have their own, which come
// and go with their transactions.
func ours() int {
	buf := make([]byte, 4<<20)
	buf = buf[:runtime.Stack(buf, true)]
	n := 0
	for _, g := range bytes.Split(buf, []byte("\n\n")) {
		if bytes.Contains(g, []byte("github.com/dbmesh/dbmesh/core/")) {
			n++
		}
	}
	return n
}

// calm waits until no more goroutines of dbmesh's run than before: those that close a
// generation end soon.
func calm(t *testing.T, start figures) figures {
	t.Helper()
	deadline := time.Now().Add(patience)
	for ours() > start.goroutines && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	return measure()
}

// grewFrom fails the test for what grew.
func (f figures) grewFrom(t *testing.T, start figures) {
	t.Helper()
	if f.goroutines > start.goroutines {
		t.Errorf("goroutines grew from %d to %d", start.goroutines, f.goroutines)
	}
	if f.files > start.files+2 {
		t.Errorf("descriptors grew from %d to %d", start.files, f.files)
	}
	if f.heap > start.heap+4<<20 {
		t.Errorf("the heap grew from %d to %d KiB", start.heap>>10, f.heap>>10)
	}
}

func (f figures) since(start figures) string {
	return fmt.Sprintf("goroutines %d->%d, descriptors %d->%d, heap %d->%d KiB",
		start.goroutines, f.goroutines, start.files, f.files, start.heap>>10, f.heap>>10)
}
