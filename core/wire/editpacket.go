package wire

import "bytes"

// next judges the packet at n and does what is to be done at its beginning. It says false
// if more bytes must be in hand, or more room, or an answer.
func (e *Editor) next(dst, b []byte, n int) ([]byte, int, bool) {
	r := e.r
	e.Room = 0
	if e.Need = HeaderLen; len(b)-n < HeaderLen {
		return dst, n, false
	}
	length, seq := PayloadLen(b[n:]), b[n+3]
	payload := b[n+HeaderLen:]
	hold := e.hold(payload, length)
	if e.Need = HeaderLen + hold; len(payload) < hold {
		return dst, n, false
	}
	p := payload[:hold]
	if e.denied != nil {
		e.number(seq)
		return dst, e.begin(p, length, seq, n), true
	}
	if e.failure(p, length) {
		return e.failed(dst, b, p, n, length)
	}
	switch phase := r.phase; {
	case phase == atDefs && len(e.held) > 0:
		n = e.begin(p, length, seq, n)
		e.define(b[n-HeaderLen:], length)
		return dst, n, true
	case phase == atRows && e.Plan != nil:
		return e.row(dst, b, p, n, length)
	case !e.room(dst, HeaderLen):
		return dst, n, false
	case phase == atFirst && e.o.Columns:
		n = e.begin(p, length, seq, n)
		if r.next == atDefs || r.next == atDefsEnd || r.next == atRows {
			e.first(b[n-HeaderLen:], length, seq)
			return dst, n, true
		}
	case phase == atPrepDefs && e.o.Columns && e.caps.Has(CacheMetadata):
		n = e.begin(p, length, seq, n)
		e.keep(b[n-HeaderLen:], length)
	default:
		n = e.begin(p, length, seq, n)
	}
	if phase := r.next; phase == atFirst {
		e.Plan = nil
	}
	return append(dst, b[n-HeaderLen:n]...), n, true
}

// begin steps behind the packet's header.
func (e *Editor) begin(p []byte, length int, seq byte, n int) int {
	r := e.r
	r.packet(p, length)
	r.Started = true
	r.inside, r.left, r.more = true, length, length == MaxPayload
	e.last = seq
	if e.denied == nil {
		e.Rows = r.Rows
	}
	return n + HeaderLen
}

// number gives the error its place in the response: the first packet that it stands for.
func (e *Editor) number(seq byte) {
	if !e.numbered {
		e.seq, e.numbered = seq, true
	}
}

// hold is how many bytes of the payload must be in hand.
func (e *Editor) hold(payload []byte, length int) int {
	hold := e.r.hold(payload, length)
	if e.denied != nil || length == MaxPayload {
		return hold
	}
	switch e.r.phase {
	case atRows:
		if e.Plan != nil && len(payload) > 0 && payload[0] != HeaderErr {
			return length
		}
	case atDefs, atPrepDefs:
		if e.o.Columns && length <= MaxDefinitions {
			return length
		}
	case atFirst:
		if e.o.Columns {
			return min(length, HeldMax)
		}
	}
	return hold
}

// failure says whether the packet is the error that ends the response.
func (e *Editor) failure(p []byte, length int) bool {
	if len(p) == 0 || p[0] != HeaderErr || length == MaxPayload {
		return false
	}
	switch e.r.phase {
	case atDefs, atParamDefs, atPrepDefs:
		return false
	}
	err, bad := ParseErr(p)
	if bad != nil || err.Code == progressCode && e.caps.Has(Progress) {
		return false
	}
	if e.Said == nil {
		e.Said = err
	}
	return true
}

// failed asks what the client is told, and tells it.
func (e *Editor) failed(dst, b, p []byte, n, length int) ([]byte, int, bool) {
	if e.o.Errors && !e.answered {
		e.wanted = AskError
		return dst, n, false
	}
	seq := b[n+3]
	if e.Told == nil {
		if !e.room(dst, HeaderLen) {
			return dst, n, false
		}
		n = e.begin(p, length, seq, n)
		return append(dst, b[n-HeaderLen:n]...), n, true
	}
	payload := AppendErr(nil, e.Told, e.caps)
	if !e.room(dst, HeaderLen+len(payload)) {
		return dst, n, false
	}
	n = e.begin(p, length, seq, n)
	dst, _ = AppendFrame(dst, payload, seq)
	e.swallow = true
	return dst, n, true
}

// first begins to hold a result's definitions. frame is the packet that counts them.
func (e *Editor) first(frame []byte, length int, seq byte) {
	e.Plan, e.leftOut = nil, false
	e.seq, e.numbered = seq, true
	e.count, e.swallow = int(e.r.defs), true
	switch {
	case e.count > MaxColumns:
		e.Deny(tooMuch("a result has %d columns, and filters see those of at most %d", e.count, MaxColumns))
		return
	case length > HeldMax:
		e.r.broken()
		return
	}
	e.held = append(e.held[:0], frame[:HeaderLen+length]...)
	if e.r.next == atDefs {
		return
	}
	e.leftOut = true
	if frames(e.o.Known) != e.count {
		e.Deny(&Err{Code: 1615, State: "HY000", Message: "dbmesh: a filter must see the columns of this statement, which were told to the client before; prepare it again"})
		return
	}
	e.wanted = AskColumns
}

// define holds a definition. The last one makes the columns known.
func (e *Editor) define(frame []byte, length int) {
	if length == MaxPayload || len(e.held)+HeaderLen+length > MaxDefinitions {
		e.Deny(tooMuch("the definitions of a result's %d columns have over %d bytes, more than filters can see", e.count, MaxDefinitions))
		return
	}
	e.swallow = true
	e.held = append(e.held, frame[:HeaderLen+length]...)
	if e.r.next != atDefs {
		e.wanted = AskColumns
	}
}

// keep notes a definition of a prepare: MariaDB leaves it out of the executes' results, if
// the client has agreed to that.
func (e *Editor) keep(frame []byte, length int) {
	if length == MaxPayload || len(e.Known)+HeaderLen+length > MaxDefinitions {
		e.o.Columns, e.Known = false, nil
		return
	}
	e.Known = append(e.Known, frame[:HeaderLen+length]...)
}

// frames counts the frames in b, each the whole of a packet.
func frames(b []byte) (count int) {
	for ; len(b) >= HeaderLen; count++ {
		b = b[HeaderLen+PayloadLen(b):]
	}
	return count
}

// row masks one, or passes on what ends the rows.
func (e *Editor) row(dst, b, p []byte, n, length int) ([]byte, int, bool) {
	room := HeaderLen
	if length < MaxPayload {
		room = e.Plan.room(length)
	}
	if !e.room(dst, room) {
		return dst, n, false
	}
	seq, before := b[n+3], e.r.Rows
	n = e.begin(p, length, seq, n)
	if e.r.Rows == before { // the end, or a report of progress
		return append(dst, b[n-HeaderLen:n]...), n, true
	}
	err := errWide
	if length < MaxPayload {
		dst, err = e.Plan.appendRow(dst, p, seq, e.binary)
	}
	e.swallow = true
	switch err {
	case nil:
	case errWide:
		e.Rows, e.seq, e.numbered = before, seq, true
		e.denied = tooMuch("a row with a masked value has or would have 16 MiB or more, which can't be masked")
	default:
		e.r.broken()
	}
	return dst, n, true
}

// definitions are the frames of the result at hand's.
func (e *Editor) definitions() []byte {
	if e.leftOut {
		return e.o.Known
	}
	return e.held[HeaderLen+PayloadLen(e.held):]
}

// Columns are those of the result at hand. The slice is valid until Mask or Deny is called.
func (e *Editor) Columns() ([]Column, error) {
	defs := e.definitions()
	text := string(defs)
	e.columns = e.columns[:0]
	for at := 0; at < len(defs); {
		end := at + HeaderLen + PayloadLen(defs[at:])
		c, err := parseColumn(defs[at+HeaderLen:end], text[at+HeaderLen:end], e.caps)
		if err != nil {
			return nil, err
		}
		e.columns = append(e.columns, c)
		at = end
	}
	return e.columns, nil
}

// appendHeld appends what was held, as the client shall see it.
func (e *Editor) appendHeld(dst []byte) []byte {
	e.release = false
	if e.caches() {
		e.Known = bytes.Clone(e.definitions())
	}
	defer func() { e.held = e.held[:0] }()
	if e.Plan == nil || e.leftOut {
		return append(dst, e.held...)
	}
	at := HeaderLen + PayloadLen(e.held)
	dst = append(dst, e.held[:at]...)
	next := e.Plan.masks
	for i := 0; at < len(e.held); i++ {
		end := at + HeaderLen + PayloadLen(e.held[at:])
		if len(next) == 0 || next[0].Column != i {
			dst = append(dst, e.held[at:end]...)
			at = end
			continue
		}
		start := len(dst)
		dst = append(dst, e.held[at:at+HeaderLen]...)
		dst = e.columns[i].appendEdited(dst, e.held[at+HeaderLen:end], next[0].By != MaskNull, e.caps)
		PutHeader(dst[start:], len(dst)-start-HeaderLen, e.held[at+3])
		next, at = next[1:], end
	}
	return dst
}
