package proxy

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// A client that takes no byte of its answer holds a backend connection for sendStall and
// no longer. The test moves the deadline, not the clock: sockets have no fake one.
func TestAClientThatTakesNothingIsCutOffInTime(t *testing.T) {
	row := bytes.Repeat([]byte{'x'}, 1<<20)
	gone := make(chan error, 1)
	m := &mesh{t: t, serve: func(p *peer) {
		p.Seq = 0
		if _, err := p.ReadPacket(); err != nil {
			return
		}
		// One column, and rows without end.
		for _, packet := range [][]byte{{1}, append([]byte("\x03def\x00\x00\x00\x01a\x00\x0c\x21\x00"), make([]byte, 10)...)} {
			if err := p.WritePacket(packet); err != nil {
				gone <- err
				return
			}
		}
		for {
			if err := p.WritePacket(append([]byte{0xfd, 0, 0, 0x10}, row...)); err != nil {
				gone <- err
				return
			}
		}
	}}
	m.start()
	c := m.client()
	c.Seq = 0
	if err := c.WritePacket(append([]byte{byte(core.Query)}, "SELECT forever"...)); err != nil {
		t.Fatal(err)
	}
	left := func() (left time.Duration) {
		asked := make(chan struct{})
		m.srv.loops[0].post(func() {
			defer close(asked)
			for s := range m.srv.loops[0].sessions {
				if s.stalled != 0 {
					left = s.deadline - s.loop.clock()
				}
			}
		})
		<-asked
		return left
	}
	m.until("the session waits for its client", func() bool { return left() > 0 })
	if d := left(); d < sendStall-time.Minute || d > sendStall {
		t.Errorf("the client has %v left, want %v", d, sendStall)
	}
	// A client that takes something gets its time anew.
	if _, err := io.CopyN(io.Discard, c.raw, 8<<20); err != nil {
		t.Fatal(err)
	}
	m.until("it waits again", func() bool { return left() > sendStall-time.Minute })

	// The kernel may still find room for a little; then the session stalls anew.
	m.until("the backend connection is free", func() bool {
		m.srv.loops[0].post(func() {
			for s := range m.srv.loops[0].sessions {
				if s.stalled != 0 {
					s.deadline = 1
				}
			}
		})
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
	m.until("the session has ended", func() bool { return m.srv.Sessions() == 0 })
}
