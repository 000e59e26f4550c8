package compress

import (
	"slices"

	"github.com/dbmesh/dbmesh/core/wire"
)

// numbers keeps the sequence numbers of a hop: those of the compressed packets, which
// begin anew at each command, and those of the frames inside.
type numbers struct {
	serves bool // the peer is a client
	next   byte // number of the compressed packet that is sent next

	in, out frames
	last    byte // number of the last frame, in whichever direction
	wrote   bool // that one was sent

	// Of a peer that is a client.
	begins bool // the compressed packet at hand begins a command, by its number
	upload bool // the client's file is coming in

	// Of a peer that is a server.
	asked   bool   // a command was sent whose answer is not yet noted in answers
	answers []byte // for each answer that is due, the number of its command's last frame
	fresh   bool   // the packet that is read next begins an answer
	seen    byte   // number of the compressed packet that was read last
}

// open notes that a compressed packet with a payload has come.
func (m *numbers) open(seq byte) {
	m.begins = seq == 0
	if m.serves {
		return
	}
	m.note()
	if m.fresh || seq != m.seen+1 {
		if len(m.answers) > 0 {
			m.last = m.answers[0]
			m.answers = slices.Delete(m.answers, 0, 1)
		}
	}
	m.fresh, m.seen = false, seq
}

// note remembers that the command that was sent last will be answered, if it will.
func (m *numbers) note() {
	if m.asked && wire.HasResponse(m.out.first) {
		m.answers = append(m.answers, m.last)
	}
	m.asked = false
}

// received gives the frames in b, which has been read, the numbers that they had without
// compression. b must not reach over the end of a compressed packet.
func (m *numbers) received(b []byte) {
	if m.serves && m.wrote && len(b) > 0 {
		m.upload = m.out.first == wire.HeaderInfile
	}
	for i := m.in.seek(b, 0); i >= 0; i = m.in.seek(b, i+1) {
		switch {
		case !m.serves, m.upload, m.in.continues():
			b[i] = m.last + 1
		case m.begins:
			b[i] = 0
		}
		if m.upload && m.in.length == 0 && !m.in.continues() {
			m.upload = false // the empty packet ends the file
		}
		m.in.take()
		m.last, m.wrote = b[i], false
	}
}

// sent follows b, which is about to be sent, up to the beginning of the next command. It
// returns that part's length. A command's header must be whole in b.
func (m *numbers) sent(b []byte) int {
	for i := m.out.seek(b, 0); i >= 0; i = m.out.seek(b, i+1) {
		if !m.serves && m.commands(b[i]) {
			if start := i - (wire.HeaderLen - 1); start > 0 {
				m.out.leave()
				return start
			}
			m.command()
		}
		m.out.take()
		m.last, m.wrote = b[i], true
	}
	return len(b)
}

// commands says whether the frame that is to be sent begins a command: it has number 0,
// and that not because the numbers of a client's file have come round.
func (m *numbers) commands(seq byte) bool {
	round := m.last == 255 && (m.wrote || m.in.first == wire.HeaderInfile)
	return seq == 0 && !m.out.continues() && !round
}

// command begins the numbers anew. Commands may be sent one behind the other, but not
// while an answer is coming in.
func (m *numbers) command() {
	m.note()
	if !m.wrote {
		m.answers, m.fresh = m.answers[:0], true
	}
	m.asked, m.next = true, 0
}
