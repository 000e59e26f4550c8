package wire

import "fmt"

// Limits of what an Editor holds of one result's definitions.
const (
	MaxColumns     = 4096
	MaxDefinitions = 1 << 20 // bytes, headers included
)

// What Editor.Feed may find besides what Response.Feed does. AskColumns: a result's columns
// are known; call Columns, then Mask or Deny. AskError: the response ended with the error
// Said; call Replace. Full: dst must have room for Room bytes more.
const (
	AskColumns Event = iota + Infile + 1
	AskError
	Full
)

// Editor follows a response like Response does and gives what the client gets in its place:
// rows with masked values, an error instead of a result, an error instead of another. The
// packets stay as many as they are, so that each keeps its sequence number. It holds the
// definitions of one result, and has no other memory: a reader must hand in definitions,
// and rows that are masked, whole. Reuse it by Begin; it is not safe for concurrent use.
type Editor struct {
	r      *Response
	caps   Caps
	o      Edits
	binary bool // rows are as prepared statements have them

	held     []byte // frames of the count and the definitions
	count    int
	wanted   Event // AskColumns or AskError, until it is answered
	answered bool  // AskError was
	release  bool  // held may go to the client
	leftOut  bool  // the definitions of this result are those of Edits.Known
	columns  []Column
	swallow  bool // the packet at hand goes nowhere
	denied   *Err // takes the place of what is left of the response
	numbered bool // seq is that of denied
	seq      byte
	last     byte // sequence number of the last packet

	Plan  *Plan  // of the rows at hand, or those last seen; nil if they go as they are
	Known []byte // definitions of a statement, as its prepare, or its execute, told them; nil if they did not, empty if the client was denied them
	Said  *Err   // with AskError
	Told  *Err   // what the client was told in the place of something else; nil if nothing
	Rows  uint64 // that the client gets
	Need  int    // with More: bytes that must be in hand for the next step
	Room  int    // with Full
}

// Edits says what an Editor is for.
type Edits struct {
	Columns bool
	Errors  bool
	Plan    *Plan  // of a fetch: the plan of its statement's execute
	Denied  *Err   // of a fetch: the execute's result was denied, and so is this one
	Known   []byte // of an execute: what Editor.Known was for the statement
}

// Begin makes e ready for the response that r is ready to follow.
func (e *Editor) Begin(r *Response, code byte, caps Caps, o Edits) {
	*e = Editor{r: r, caps: caps, o: o, Plan: o.Plan, denied: o.Denied, held: e.held[:0], columns: e.columns[:0], Need: HeaderLen,
		binary: code == 0x17 || code == 0x1c || code == 0xfa}
}

// Denied says whether what is left of the response goes nowhere.
func (e *Editor) Denied() bool { return e.denied != nil }

// Last is the sequence number of the backend's last frame but for continuations.
func (e *Editor) Last() byte { return e.last }

// Feed follows b, the bytes behind the ones consumed before, and appends what the client
// gets to dst, which it never lets grow beyond its capacity. It returns how many bytes of b
// it consumed; the others must be handed in again.
func (e *Editor) Feed(dst, b []byte) (out []byte, n int, ev Event) {
	e.Room = 0
	for {
		switch {
		case e.release:
			if !e.room(dst, len(e.held)) {
				return dst, n, Full
			}
			dst = e.appendHeld(dst)
		case e.r.inside:
			var done bool
			if dst, n, done = e.pass(dst, b, n); !done {
				return dst, n, e.stop(dst, b, n)
			}
		case e.wanted != More:
			return dst, n, e.wanted
		case e.r.phase == atEnd:
			return e.end(dst, n)
		case e.r.phase == atInfile:
			return dst, n, Infile
		default:
			if e.r.phase == atRows && e.plain() {
				if dst, n = e.rows(dst, b, n); e.r.inside {
					continue
				}
			}
			var ok bool
			if dst, n, ok = e.next(dst, b, n); !ok {
				return dst, n, e.stop(dst, b, n)
			}
		}
	}
}

// stop says why Feed can't go on: for want of room, or of bytes.
func (e *Editor) stop(dst, b []byte, n int) Event {
	if e.wanted != More {
		return e.wanted
	}
	if e.Room > 0 {
		return Full
	}
	if e.r.inside && n < len(b) && cap(dst)-len(dst) < len(b)-n && e.denied == nil && !e.swallow {
		e.Room = HeaderLen
		return Full
	}
	return More
}

// room says whether dst has room for n bytes, and asks for it if not.
func (e *Editor) room(dst []byte, n int) bool {
	e.Room = 0
	if cap(dst)-len(dst) < n {
		e.Room = n
	}
	return e.Room == 0
}

// silent says that bytes of the backend do not go to the client.
func (e *Editor) silent() bool { return e.swallow || e.denied != nil }

// within cuts b so that what is copied of it has room.
func (e *Editor) within(dst, b []byte, n int) []byte {
	if e.silent() {
		return b
	}
	return b[:min(len(b), n+cap(dst)-len(dst))]
}

// pass goes on in the packet at hand. It says false if b, or the room, ends first.
func (e *Editor) pass(dst, b []byte, n int) ([]byte, int, bool) {
	from, silent := n, e.silent()
	done := e.r.pass(e.within(dst, b, n), &n)
	e.Need = HeaderLen
	if !silent {
		dst = append(dst, b[from:n]...)
	}
	if done {
		e.swallow = false
	}
	return dst, n, done
}

// plain says whether rows need no look at each: they go as they are, or nowhere. The first
// packet that a denial stands for gives it its number.
func (e *Editor) plain() bool {
	if e.denied != nil {
		return e.numbered
	}
	return e.Plan == nil
}

// rows passes over plain rows that are not masked.
func (e *Editor) rows(dst, b []byte, n int) ([]byte, int) {
	from := n
	n = e.r.rows(e.within(dst, b, n), n)
	if !e.silent() {
		dst = append(dst, b[from:n]...)
		e.Rows = e.r.Rows
	}
	return dst, n
}

// end tells the client of a denial when the backend has ended its response.
func (e *Editor) end(dst []byte, n int) ([]byte, int, Event) {
	if cap(e.held) > HeldMax { // it is rarely needed, and sessions are many
		e.held, e.columns = nil, nil
	}
	clear(e.columns) // the names are parts of a copy of what was held
	if e.denied == nil || e.Told == e.denied {
		return dst, n, Done
	}
	payload := AppendErr(nil, e.denied, e.caps)
	if !e.room(dst, HeaderLen+len(payload)) {
		return dst, n, Full
	}
	dst, _ = AppendFrame(dst, payload, e.seq)
	e.Told = e.denied
	return dst, n, Done
}

// Mask goes on after AskColumns. Without masks the result goes as it is.
func (e *Editor) Mask(masks []Mask) {
	e.wanted = More
	if len(masks) > 0 {
		plan, err := newPlan(e.columns, masks, e.binary, e.leftOut)
		if err != nil {
			e.Deny(tooMuch("a result has %v, whose values dbmesh can't tell from those behind them", err))
			return
		}
		e.Plan = plan
	}
	e.release = true
}

// Deny goes on after AskColumns: the error takes the place of the result, and the rest of
// the response goes nowhere.
func (e *Editor) Deny(err *Err) {
	e.wanted = More
	e.denied, e.held = err, e.held[:0]
	if e.caches() {
		e.Known = []byte{}
	}
}

// caches says whether the server takes the definitions of the result at hand for known to
// the client from now on.
func (e *Editor) caches() bool { return !e.leftOut && e.binary && e.caps.Has(CacheMetadata) }

// Replace goes on after AskError: the client is told err, which may be Said.
func (e *Editor) Replace(err *Err) {
	e.wanted, e.answered = More, true
	if err != e.Said {
		e.Told = err
	}
}

// tooMuch is an error for what the editor does not do.
func tooMuch(format string, args ...any) *Err {
	return &Err{Code: 1105, State: "HY000", Message: "dbmesh: " + fmt.Sprintf(format, args...)}
}
