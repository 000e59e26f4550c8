package wire

// HeaderLen is the length of a frame's header: three bytes of payload length, little
// endian, and one sequence number.
const HeaderLen = 4

// MaxPayload is the longest payload of one frame. A frame of exactly this length is
// continued by the next one; a payload of n times this length ends with an empty frame.
const MaxPayload = 1<<24 - 1

// PayloadLen reads the payload length of a frame header. b must have HeaderLen bytes.
func PayloadLen(b []byte) int {
	return int(b[0]) | int(b[1])<<8 | int(b[2])<<16
}

// PutHeader writes a frame header to b, which must have HeaderLen bytes.
func PutHeader(b []byte, payload int, seq byte) {
	b[0], b[1], b[2], b[3] = byte(payload), byte(payload>>8), byte(payload>>16), seq
}

// AppendFrame appends a payload as one frame, or as several where it is too long for one,
// starting at sequence number seq. It returns the next sequence number too.
func AppendFrame(dst, payload []byte, seq byte) ([]byte, byte) {
	for {
		n := min(len(payload), MaxPayload)
		dst = append(dst, byte(n), byte(n>>8), byte(n>>16), seq)
		dst = append(dst, payload[:n]...)
		payload = payload[n:]
		seq++
		if n < MaxPayload {
			return dst, seq
		}
	}
}

// Frames follows the bytes of one logical packet, whose payload may span frames, without
// looking at them. The zero value is at the start of a packet.
type Frames struct {
	left    int  // payload bytes of the current frame that are still to come
	more    bool // another frame follows the current one
	started bool
	count   byte
}

// Begin positions f inside a packet: left bytes of the current frame are still to come,
// and the frame's whole payload is length bytes long.
func (f *Frames) Begin(left, length int) {
	*f = Frames{left: left, more: length == MaxPayload, started: true, count: 1}
}

// Count is how many of the packet's frames have begun, modulo 256 as sequence numbers are:
// the number of an answer to a packet that began with 0.
func (f *Frames) Count() byte { return f.count }

// Next is how many bytes may be read without running past the packet's end: 0 if it has
// ended. A full frame's successor header is included, so that one read can cross it.
func (f *Frames) Next() int {
	switch {
	case !f.started:
		return HeaderLen
	case f.more:
		return f.left + HeaderLen
	}
	return f.left
}

// Feed follows b and returns how many of its bytes belong to the packet. What remains of
// b is either behind the packet's end (Ended is true) or a part of a header, which must be
// handed in again with more bytes behind it.
func (f *Frames) Feed(b []byte) int {
	n := 0
	for !f.Ended() {
		if f.left > 0 {
			k := min(f.left, len(b)-n)
			f.left -= k
			n += k
			if f.left > 0 {
				return n
			}
			continue
		}
		if len(b)-n < HeaderLen {
			return n
		}
		f.left = PayloadLen(b[n:])
		f.more = f.left == MaxPayload
		f.started = true
		f.count++
		n += HeaderLen
	}
	return n
}

// Ended says whether the packet's last byte was fed.
func (f *Frames) Ended() bool { return f.started && !f.more && f.left == 0 }

// Upload follows the client's file of a LOAD DATA LOCAL: packets up to an empty one. The
// zero value is at the file's beginning.
type Upload struct {
	frames Frames
	begun  bool // the packet at hand has a payload
	ended  bool
}

// Feed follows b and returns how many of its bytes belong to the file; the rest is a part
// of a header, to be handed in again, or stands behind the file's end (Ended).
func (u *Upload) Feed(b []byte) int {
	n := 0
	for !u.ended {
		if !u.begun {
			if len(b)-n < HeaderLen {
				return n
			}
			length := PayloadLen(b[n:])
			u.ended = length == 0
			u.begun = !u.ended
			u.frames.Begin(length, length)
			n += HeaderLen
			continue
		}
		n += u.frames.Feed(b[n:])
		if !u.frames.Ended() {
			return n
		}
		u.begun = false
	}
	return n
}

// Ended says whether the empty packet was fed.
func (u *Upload) Ended() bool { return u.ended }
