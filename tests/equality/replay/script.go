// Package replay plays recorded dialogues without a server: Backend says what the server
// said, Client what the client said, each checking every byte of the other side. Either can
// cut the dialogue at any byte.
package replay

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

// Ending is what happens at a cut.
type Ending uint8

// Whole: nothing. Close and Reset end the connection, by FIN and RST. Stall waits a moment
// and then goes on byte by byte for a while.
const (
	Whole Ending = iota
	Close
	Reset
	Stall
)

func (e Ending) String() string { return [...]string{"whole", "close", "reset", "stall"}[e] }

// Cut is where one side's stream of the command phase ends.
type Cut struct {
	At  int // bytes of the side's own stream, headers included
	How Ending
}

// ErrCut is how a side ends that did its cut.
var ErrCut = errors.New("cut as planned")

const (
	stallTime  = 2 * time.Millisecond
	stallBytes = 40 // that are sent one by one behind a stall
)

// run is a stretch of one side's bytes.
type run struct {
	fromServer bool
	bytes      []byte
	free       bool // the bytes are not the same each time: a packet is read, whatever it is
	sealed     bool // nothing may be appended
}

// largePayload is from where on a payload is not copied.
const largePayload = 64 << 10

// runs joins the frames of one side that follow each other.
func runs(frames []dialogue.Frame) []run {
	var all []run
	for _, f := range frames {
		free := !f.FromServer && f.Seq == 0 && len(f.Payload) > 0 && f.Payload[0] == 0x11
		n := len(all)
		if n == 0 || all[n-1].fromServer != f.FromServer || free || all[n-1].sealed {
			all = append(all, run{fromServer: f.FromServer, free: free, sealed: free})
			n++
		}
		if len(f.Payload) < largePayload || free {
			all[n-1].bytes = f.Append(all[n-1].bytes)
			continue
		}
		var h [wire.HeaderLen]byte
		wire.PutHeader(h[:], len(f.Payload), f.Seq)
		all[n-1].bytes = append(all[n-1].bytes, h[:]...)
		all[n-1].sealed = true
		all = append(all, run{fromServer: f.FromServer, bytes: f.Payload, sealed: true})
	}
	return all
}

// side plays one side of a script on a connection.
type side struct {
	conn   net.Conn
	in     io.Reader
	server bool
	cut    Cut
	sent   int
	got    int // bytes received that were right
	silent int // see Script
}

// play goes through the script to its end or its cut.
func (s *side) play(script []run) error {
	for _, r := range script {
		var err error
		switch {
		case r.fromServer == s.server && s.silent > 0 && s.got >= s.silent:
			return s.await()
		case r.fromServer == s.server:
			err = s.send(r.bytes)
		default:
			err = s.expect(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *side) send(b []byte) error {
	if s.cut.How == Whole || s.cut.At < s.sent || s.cut.At > s.sent+len(b) {
		return s.write(b)
	}
	n := s.cut.At - s.sent
	if err := s.write(b[:n]); err != nil {
		return err
	}
	if s.cut.How != Stall {
		return s.end()
	}
	s.cut.How = Whole
	time.Sleep(stallTime)
	b = b[n:]
	for range min(len(b), stallBytes) {
		if err := s.write(b[:1]); err != nil {
			return err
		}
		b = b[1:]
	}
	return s.write(b)
}

// end makes the cut: inside TLS too without a farewell.
func (s *side) end() error {
	raw := s.conn
	if inside, ok := raw.(*tls.Conn); ok {
		raw = inside.NetConn()
	}
	if s.cut.How == Reset {
		_ = raw.(*net.TCPConn).SetLinger(0)
	}
	_ = raw.Close()
	return ErrCut
}

// Forward copies one direction of a connection until its end or its cut; a stall goes on.
func Forward(to, from net.Conn, cut Cut) {
	s := side{conn: to, cut: cut}
	b := make([]byte, 16<<10)
	if cut.At == 0 && s.send(nil) != nil {
		return
	}
	for {
		n, err := from.Read(b)
		if s.send(b[:n]) != nil || err != nil {
			return
		}
	}
}

func (s *side) write(b []byte) error {
	n, err := s.conn.Write(b)
	s.sent += n
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// expect reads what the other side must say now. What came before the connection's end is
// compared all the same.
func (s *side) expect(r run) error {
	if r.free {
		return s.packet()
	}
	b := make([]byte, min(len(r.bytes), 64<<10))
	for want := r.bytes; len(want) > 0; {
		n, err := s.in.Read(b[:min(len(b), len(want))])
		if !bytes.Equal(b[:n], want[:n]) {
			return s.difference(b[:n], want)
		}
		s.got += n
		want = want[n:]
		if err != nil && len(want) > 0 {
			return fmt.Errorf("read: %w", err)
		}
	}
	return nil
}

func (s *side) difference(got, want []byte) error {
	at := 0
	for got[at] == want[at] {
		at++
	}
	return &DifferenceError{At: s.got + at, Want: want[at], Got: got[at]}
}

// packet reads one packet of any content.
func (s *side) packet() error {
	var h [4]byte
	if _, err := io.ReadFull(s.in, h[:]); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	_, err := io.CopyN(io.Discard, s.in, int64(h[0])|int64(h[1])<<8|int64(h[2])<<16)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

// DifferenceError is a byte that was not the recorded one.
type DifferenceError struct {
	At        int // in the other side's stream
	Want, Got byte
	Behind    bool // nothing more was recorded
}

func (e *DifferenceError) Error() string {
	if e.Behind {
		return fmt.Sprintf("byte %d, %#02x, is behind the end", e.At, e.Got)
	}
	return fmt.Sprintf("byte %d is %#02x, recorded %#02x", e.At, e.Got, e.Want)
}
