package dialogue

import (
	"bytes"
	"fmt"
)

// Frame is one frame of the command phase, as one side sent it.
type Frame struct {
	FromServer bool
	Seq        byte
	Payload    []byte // of at most 0xffffff bytes
	Step       int    // line of the step in the corpus file that it belongs to
	Mask       string // how it is compared, "" for exactly
}

// Transcript is what was said in a dialogue, in the order in which the client met it.
type Transcript struct {
	Frames []Frame
	Closed bool // the server closed the connection at the end
}

// Bytes gives all that one side sent, headers included.
func (t *Transcript) Bytes(fromServer bool) []byte {
	var b []byte
	for _, f := range t.Frames {
		if f.FromServer == fromServer {
			b = f.Append(b)
		}
	}
	return b
}

// Append appends the frame as it travels.
func (f *Frame) Append(b []byte) []byte {
	n := len(f.Payload)
	b = append(b, byte(n), byte(n>>8), byte(n>>16), f.Seq)
	return append(b, f.Payload...)
}

// Compare says where two transcripts differ, nil if nowhere. Frames are masked first, as
// the first transcript tells.
func Compare(want, got *Transcript, masks Masks) error {
	for i := range min(len(want.Frames), len(got.Frames)) {
		w, g := &want.Frames[i], &got.Frames[i]
		if err := same(w, g, masks); err != nil {
			return fmt.Errorf("frame %d (line %d): %w", i, w.Step, err)
		}
	}
	switch a, b := len(want.Frames), len(got.Frames); {
	case a > b:
		return fmt.Errorf("frame %d is missing: %s", b, describe(&want.Frames[b]))
	case a < b:
		return fmt.Errorf("frame %d is too much: %s", a, describe(&got.Frames[a]))
	case want.Closed != got.Closed:
		return fmt.Errorf("connection closed at the end: %t, want %t", got.Closed, want.Closed)
	}
	return nil
}

func same(want, got *Frame, masks Masks) error {
	if want.FromServer != got.FromServer {
		return fmt.Errorf("sides differ: %s, want %s", describe(got), describe(want))
	}
	if want.Seq != got.Seq {
		return fmt.Errorf("sequence number %d, want %d: %s", got.Seq, want.Seq, describe(got))
	}
	w, g := masks.apply(want.Mask, want.Payload), masks.apply(want.Mask, got.Payload)
	if bytes.Equal(w, g) {
		return nil
	}
	at := 0
	for at < len(w) && at < len(g) && w[at] == g[at] {
		at++
	}
	return fmt.Errorf("byte %d of %d (want %d): %s, want %s", at, len(g), len(w), excerpt(g, at), excerpt(w, at))
}

func describe(f *Frame) string {
	side := "client"
	if f.FromServer {
		side = "server"
	}
	return fmt.Sprintf("%s %d %s", side, f.Seq, excerpt(f.Payload, 0))
}

func excerpt(b []byte, at int) []byte {
	from := max(at-20, 0)
	text := AppendText(nil, b[from:min(len(b), at+60)])
	return text[:min(len(text), 400)]
}
