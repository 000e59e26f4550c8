package proxy

import (
	"bytes"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
)

func TestWhatIsKeptOfAChangeOfUserIsACopy(t *testing.T) {
	m := &mesh{t: t, serve: func(p *peer) { p.commands(func([]byte) error { return p.ok() }) }}
	m.start()
	c := m.client()
	attrs := wire.AppendAttr(nil, "program", "canary")
	caps := meshCaps | wire.ConnectAttrs
	m.onLoop(func(s *session) bool { s.caps |= wire.ConnectAttrs; return true })
	u := wire.UserChange{User: "other", Collation: 45, Plugin: wire.Native, Attrs: attrs}
	if b, err := c.command(u.Append(nil, caps)...); err != nil || b[0] != wire.HeaderEOF {
		t.Fatalf("%x, %v", b, err)
	}
	_ = c.WritePacket(nil)
	if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%x, %v", b, err)
	}
	if b, err := c.query(string(bytes.Repeat([]byte("overwritten "), 100))); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%x, %v", b, err)
	}
	m.onLoop(func(s *session) bool {
		if !bytes.Equal(s.hop.Attrs, attrs) {
			t.Errorf("the next backend login would say %q", s.hop.Attrs)
		}
		return true
	})
}

func TestALoginCanNotMakeItsAttributesGrow(t *testing.T) {
	var block []byte
	for i := 0; len(block) < 60<<10; i++ {
		block = wire.AppendAttr(block, fmt.Sprintf("%x", i), "")
	}
	m, err := attributes(block)
	if err != nil || len(m) > maxAttributes {
		t.Errorf("%d attributes, %v", len(m), err)
	}
}

// raced says whether the race detector is on, with which pools drop what they are given.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// The peers use bare reads and writes, so that what is counted is dbmesh's.
func TestARelayedCommandAllocatesNothing(t *testing.T) {
	if raced() {
		t.Skip("the race detector allocates")
	}
	reply, _ := wire.AppendFrame(nil, []byte{1}, 1)
	reply, _ = wire.AppendFrame(reply, []byte("\x03def\x00\x00\x00\x01a\x00\x0c\x2d\x00\xff\xff\xff\x00\xfd\x00\x00\x1f\x00\x00"), 2)
	for i := range 40 {
		reply, _ = wire.AppendFrame(reply, make([]byte, 300), byte(3+i))
	}
	reply, _ = wire.AppendFrame(reply, []byte{0xfe, 0, 0, 2, 0, 0, 0}, 43)
	query, _ := wire.AppendFrame(nil, []byte("\x03SELECT a FROM b WHERE c = 1"), 0)
	execute, _ := wire.AppendFrame(nil, []byte("\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00"), 0)
	for name, command := range map[string][]byte{"query": query, "execute": execute} {
		t.Run(name, func(t *testing.T) {
			m := &mesh{t: t, serve: func(p *peer) {
				b := make([]byte, len(command))
				for {
					if _, err := io.ReadFull(p.raw, b); err != nil {
						return
					}
					_, _ = p.raw.Write(reply)
				}
			}}
			m.start()
			c := m.client()
			got := make([]byte, len(reply))
			n := testing.AllocsPerRun(2000, func() {
				_, _ = c.raw.Write(command)
				if _, err := io.ReadFull(c.raw, got); err != nil {
					t.Fatal(err)
				}
			})
			if !bytes.Equal(got, reply) {
				t.Error("the reply came out different")
			}
			if n != 0 {
				t.Errorf("%v allocations for a command and its 43 packets", n)
			}
		})
	}
}
