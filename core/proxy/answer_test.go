package proxy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// denying refuses commands whose text begins with DENY.
func denying(c *core.Command) core.Verdict {
	if strings.HasPrefix(string(c.SQL), "DENY") {
		return core.Deny(1105, "HY000", "no")
	}
	return core.Continue()
}

func TestTheAnswerToADeniedCommandOfSeveralFramesHasTheNextSequenceNumber(t *testing.T) {
	m := &mesh{t: t, links: []core.Kind{kind(denying)}, serve: func(p *peer) { p.commands(func([]byte) error { return p.ok() }) }}
	m.start()
	c := m.client()
	c.Seq = 0
	for _, size := range []int{wire.MaxPayload - 1, wire.MaxPayload, 2*wire.MaxPayload + 5} {
		sql := append([]byte("\x03DENY"), make([]byte, size-5)...)
		framed, next := wire.AppendFrame(nil, sql, 0)
		if _, err := c.raw.Write(framed); err != nil {
			t.Fatal(err)
		}
		c.Seq = next
		if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderErr {
			t.Errorf("%d bytes: %x, %v", size, b, err)
		}
	}
}

func TestABackendThatEndsDuringAnUploadDoesNotSendTheClientItsOwnFile(t *testing.T) {
	m := &mesh{t: t, serve: func(p *peer) {
		p.commands(func([]byte) error {
			_ = p.WritePacket([]byte("\xfbfile"))
			_, err := p.ReadPacket()
			_ = p.WritePacket(wire.AppendErr(nil, &wire.Err{Code: 1927, State: "70100", Message: "Connection was killed"}, meshCaps))
			_ = p.raw.Close()
			return err
		})
	}}
	m.start()
	c := m.client()
	if b, err := c.query("LOAD DATA LOCAL"); err != nil || b[0] != wire.HeaderInfile {
		t.Fatalf("%x, %v", b, err)
	}
	_ = c.WritePacket([]byte("row"))
	m.until("the backend is gone", func() bool { return m.onLoop(func(s *session) bool { return s.link.sock.hup }) })
	for range 64 {
		if c.WritePacket(bytes.Repeat([]byte("file"), 64<<10)) != nil {
			break
		}
	}
	c.Seq = 3
	b, err := c.ReadPacket()
	if err != nil || b[0] != wire.HeaderErr {
		t.Fatalf("the client got %.40q, %v; want the server's error", b, err)
	}
	if b, err = c.ReadPacket(); err == nil {
		t.Fatalf("the client got %.40q", b)
	}
}

func TestTheRestOfACommandThatTheBackendRefusesIsNotReadAsCommands(t *testing.T) {
	asked := make(chan string, 8)
	see := kind(func(c *core.Command) core.Verdict {
		asked <- string(c.SQL[:min(len(c.SQL), 8)])
		return core.Continue()
	})
	m := &mesh{t: t, links: []core.Kind{see}, serve: func(p *peer) {
		_, _ = p.raw.Read(make([]byte, 1<<20))
		p.Seq = 1
		_ = p.WritePacket(wire.AppendErr(nil, &wire.Err{Code: 1153, State: "08S01", Message: "too big"}, meshCaps))
	}}
	m.start()
	c := m.client()
	inner, _ := wire.AppendFrame(nil, []byte("\x03INNER"), 0)
	sql := append([]byte("\x03OUTER"), bytes.Repeat(inner, 12<<20/len(inner))...)
	framed, _ := wire.AppendFrame(nil, sql, 0)
	go func() { _, _ = c.raw.Write(framed) }()
	m.until("the session ends", func() bool { return m.srv.Sessions() == 0 })
	if first := <-asked; first != "OUTER" && !strings.HasPrefix(first, "OUTER") {
		t.Fatal(first)
	}
	select {
	case sql := <-asked:
		t.Fatalf("a part of the command ran as a command: %q", sql)
	default:
	}
}

func TestAnExecuteOfTheLastStatementFailsWhenThatWasDenied(t *testing.T) {
	var ran []byte
	m := &mesh{t: t, links: []core.Kind{kind(denying)}, serve: func(p *peer) {
		p.commands(func(b []byte) error {
			if b[0] == byte(core.Prepare) {
				return p.WritePacket([]byte{0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
			}
			ran = append(ran, b[0])
			return p.ok()
		})
	}}
	m.start()
	c := m.client()
	prepare := func(sql string) []byte { return append([]byte{byte(core.Prepare)}, sql...) }
	last := []byte{byte(core.Execute), 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0, 0}
	if b, err := c.command(prepare("DELETE FROM a")...); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%x, %v", b, err)
	}
	if b, err := c.command(prepare("DENY")...); err != nil || b[0] != wire.HeaderErr {
		t.Fatalf("%x, %v", b, err)
	}
	if b, err := c.command(last...); err != nil || b[0] != wire.HeaderErr {
		t.Fatalf("%x, %v; the statement before the denied one ran", b, err)
	}
	if b, err := c.command(prepare("DELETE FROM b")...); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%x, %v", b, err)
	}
	if b, err := c.command(last...); err != nil || b[0] != wire.HeaderOK || string(ran) != "\x17" {
		t.Fatalf("%x, %v, ran %x", b, err, ran)
	}
}

func TestAFileBehindAFileIsNotHeldBack(t *testing.T) {
	m := &mesh{t: t, serve: func(p *peer) {
		p.commands(func([]byte) error {
			for more := uint16(8); ; more = 0 {
				_ = p.WritePacket([]byte("\xfbfile"))
				for {
					b, err := p.ReadPacket()
					if err != nil {
						return err
					}
					if len(b) == 0 {
						break
					}
				}
				if err := p.WritePacket(wire.AppendOK(nil, wire.OK{Status: 2 | more}, meshCaps)); err != nil || more == 0 {
					return err
				}
			}
		})
	}}
	m.start()
	c := m.client()
	var all []byte
	add := func(p string, seq byte) { all, _ = wire.AppendFrame(all, []byte(p), seq) }
	add("\x03LOAD DATA 1; LOAD DATA 2", 0)
	add("row", 2)
	add("", 3)
	add("row", 6)
	add("", 7)
	_, _ = c.raw.Write(all)
	for _, seq := range []byte{1, 4, 5, 8} {
		c.Seq = seq
		if _, err := c.ReadPacket(); err != nil {
			t.Fatalf("packet %d: %v", seq, err)
		}
	}
}

// onLoop asks something of the only session.
func (m *mesh) onLoop(ask func(*session) bool) bool {
	answer := make(chan bool, 1)
	m.srv.loops[0].post(func() {
		for s := range m.srv.loops[0].sessions {
			answer <- ask(s)
			return
		}
		answer <- false
	})
	return <-answer
}
