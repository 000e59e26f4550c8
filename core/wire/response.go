package wire

// Event is what Response.Feed found at the end of the bytes that it consumed.
type Event uint8

// More: the response goes on. Done: it has ended. Infile: the server waits for the
// client's file (LOAD DATA LOCAL); call Resume when the client's last frame is forwarded.
const (
	More Event = iota
	Done
	Infile
)

// HeldMax is the longest part of a packet that Response wants whole in hand: the first
// HeldMax bytes of an OK, EOF or ERR packet. A reader's buffer must be longer than this.
const HeldMax = 4096

// maxColumns is far beyond any server's limit of 4096. A count above it is the middle of
// something else.
const maxColumns = 1 << 16

// phase is what the next packet of a response is.
type phase uint8

const (
	atFirst     phase = iota // the answer's first packet, or a further result's
	atDefs                   // a column definition; they are counted
	atDefsEnd                // the classic EOF behind definitions
	atRows                   // a row, or the EOF, OK or ERR behind the last one
	atPrepared               // the first packet of a prepare's answer
	atParamDefs              // a parameter definition of a prepare
	atParamEnd               // the classic EOF behind them
	atPrepDefs               // a column definition of a prepare
	atPrepEnd                // the classic EOF behind them
	atSingle                 // the only packet, whatever it is
	atStatus                 // the only packet: an OK, EOF or ERR
	atInfile                 // none: the client's file is due
	atEnd                    // none
)

// Response follows the packets of one response and finds its end, holding on to nothing
// but counts. Rows and definitions are passed over by their headers. It is not safe for
// concurrent use; reuse it by Begin.
type Response struct {
	caps   Caps
	phase  phase // of the packet at hand, or of the next one if none is
	next   phase // behind the packet at hand
	left   int   // payload bytes of the frame at hand that are still to be passed over
	more   bool  // the frame at hand is continued by another
	inside bool  // a packet is at hand
	fields bool  // definitions that are ended like rows, of COM_FIELD_LIST
	cursor bool  // of COM_STMT_EXECUTE, which may open a cursor
	defs   uint64
	cols   uint64 // of a prepare

	// What was seen, as far as the response has come.
	Started     bool   // a packet was consumed
	Rows        uint64 // sent, in all results
	Affected    uint64 // as the last result without rows says
	InsertID    uint64 // likewise
	Status      uint16
	Warnings    uint16
	Err         *Err // the error packet that ended the response
	Prepared    bool
	StatementID uint32 // of a prepare
	Params      uint16 // of a prepare: how many parameters its executes have
	// Rename, if it is not 0, is the id that a prepare's OK shall tell in the place of
	// StatementID: it is written over it when the packet is fed. Set it behind Begin.
	Rename    uint32
	Malformed bool // the connection is out of step and must be closed
	// Track is called for each change of session state that an OK packet tells; may be nil.
	// A block too long to be held is told as one TrackState entry.
	Track func(Change)
}

// Begin makes r ready for the response to the command. A command that has no response
// (HasResponse) must not be followed.
func (r *Response) Begin(code byte, caps Caps) {
	*r = Response{caps: caps, Track: r.Track}
	switch code {
	case 0x03, 0x17, 0x0a, 0xfa: // query, execute, process info, bulk execute
		r.phase, r.cursor = atFirst, code == 0x17
	case 0x16: // prepare
		r.phase = atPrepared
	case 0x04: // field list
		r.phase, r.fields = atRows, true
	case 0x1c: // fetch
		r.phase = atRows
	case 0x09: // statistics
		r.phase = atSingle
	default:
		r.phase = atStatus
	}
	r.next = r.phase
}

// HasResponse says whether the server answers the command at all.
func HasResponse(code byte) bool {
	return code != 0x01 && code != 0x18 && code != 0x19 // quit, send long data, close
}

// Resume goes on after the client's file was sent.
func (r *Response) Resume() { r.phase, r.next = atFirst, atFirst }

// Ended says whether the response is over.
func (r *Response) Ended() bool { return r.phase == atEnd }

// Feed follows b, the bytes behind the ones consumed before, and returns how many of them
// it consumed; these may be forwarded. The rest of b is the beginning of a packet that
// must be handed in again with more bytes behind it, or belongs to what comes after Done.
func (r *Response) Feed(b []byte) (n int, ev Event) {
	for {
		if r.inside && !r.pass(b, &n) {
			return n, More
		}
		switch r.phase {
		case atEnd:
			return n, Done
		case atInfile:
			return n, Infile
		case atRows:
			if n = r.rows(b, n); r.inside {
				return n, More
			}
		}
		if len(b)-n < HeaderLen {
			return n, More
		}
		length := PayloadLen(b[n:])
		payload := b[n+HeaderLen:]
		hold := r.hold(payload, length)
		if len(payload) < hold {
			return n, More
		}
		r.packet(payload[:hold], length)
		n += HeaderLen
		r.Started = true
		r.inside, r.left, r.more = true, length, length == MaxPayload
	}
}

// pass passes over the packet at hand, frame by frame. It returns false if b ends first.
func (r *Response) pass(b []byte, n *int) bool {
	for {
		k := min(r.left, len(b)-*n)
		r.left -= k
		*n += k
		if r.left > 0 {
			return false
		}
		if !r.more {
			r.inside, r.phase = false, r.next
			return true
		}
		if len(b)-*n < HeaderLen {
			return false
		}
		r.left = PayloadLen(b[*n:])
		r.more = r.left == MaxPayload
		*n += HeaderLen
	}
}

// rows passes over as many plain rows as b holds: the one hot loop of a large result.
func (r *Response) rows(b []byte, n int) int {
	count := uint64(0)
	for len(b)-n > HeaderLen {
		length := int(b[n]) | int(b[n+1])<<8 | int(b[n+2])<<16
		if b[n+HeaderLen] >= HeaderEOF || length == MaxPayload || length == 0 {
			break
		}
		count++
		n += HeaderLen + length
		if n > len(b) {
			r.inside, r.left, r.more = true, n-len(b), false
			n = len(b)
			break
		}
	}
	if count > 0 {
		r.Started = true
		r.row(count)
	}
	return n
}

func (r *Response) row(n uint64) {
	if !r.fields {
		r.Rows += n
	}
}

// hold is how many payload bytes must be in hand before the packet can be judged.
func (r *Response) hold(payload []byte, length int) int {
	switch r.phase {
	case atDefs, atParamDefs, atPrepDefs:
		return 0
	case atRows:
		if length == 0 || len(payload) == 0 {
			return min(length, 1)
		}
		if payload[0] < HeaderEOF || length == MaxPayload {
			return 1
		}
	}
	return min(length, HeldMax)
}
