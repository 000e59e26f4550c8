package wire

// packet judges a packet by the first bytes of its payload: what it tells, and what the
// next one is.
func (r *Response) packet(p []byte, length int) {
	first := byte(0)
	if len(p) > 0 {
		first = p[0]
	}
	r.next = r.phase
	if first == HeaderErr && length < MaxPayload && r.phase != atDefs && r.phase != atParamDefs && r.phase != atPrepDefs {
		r.failed(p)
		return
	}
	switch r.phase {
	case atFirst:
		r.first(p, first)
	case atDefs:
		if r.defs--; r.defs == 0 {
			r.next = r.classic(atDefsEnd, atRows)
		}
	case atDefsEnd:
		r.next = atRows
		r.eof(p)
		if r.cursor && r.Status&StatusCursor != 0 { // the rows are fetched later
			r.next = atEnd
		}
	case atRows:
		r.last(p, first, length)
	case atPrepared:
		r.prepared(p)
	case atParamDefs:
		if r.defs--; r.defs == 0 {
			r.next = atParamEnd
			if r.caps.Has(DeprecateEOF) {
				r.columns()
			}
		}
	case atParamEnd:
		r.columns()
		r.eof(p)
	case atPrepDefs:
		if r.defs--; r.defs == 0 {
			r.next = r.classic(atPrepEnd, atEnd)
		}
	case atPrepEnd:
		r.next = atEnd
		r.eof(p)
	case atStatus:
		r.next = atEnd
		r.status(p, first)
	case atSingle:
		r.next = atEnd
	}
}

// classic picks the phase behind definitions: with CLIENT_DEPRECATE_EOF there is no EOF.
func (r *Response) classic(with, without phase) phase {
	if r.caps.Has(DeprecateEOF) {
		return without
	}
	return with
}

func (r *Response) failed(p []byte) {
	e, err := ParseErr(p)
	if err != nil {
		r.broken()
		return
	}
	if e.Code == progressCode && r.caps.Has(Progress) {
		return // a progress report of MariaDB; the answer is still to come
	}
	r.Err, r.next = e, atEnd
}

func (r *Response) first(p []byte, first byte) {
	switch first {
	case HeaderOK:
		if r.ok(p) {
			r.finish()
		}
		return
	case HeaderInfile:
		r.next = atInfile
		return
	}
	c := cursor{b: p}
	r.defs = c.lenenc()
	if c.bad || r.defs == 0 || r.defs > maxColumns {
		r.broken()
		return
	}
	r.next = atDefs
	if r.caps.Has(CacheMetadata) && len(c.b) > 0 && c.b[0] == 0 {
		r.next = r.classic(atDefsEnd, atRows) // the client has the definitions
	}
}

// last judges a packet of the row phase that is the last one, unless it is a row that only
// looks like it.
func (r *Response) last(p []byte, first byte, length int) {
	if first != HeaderEOF || length == MaxPayload || !r.caps.Has(DeprecateEOF) && length >= 9 {
		r.row(1)
		return
	}
	if r.next = atEnd; r.status(p, first) {
		r.finish()
	}
}

func (r *Response) prepared(p []byte) {
	c := cursor{b: p}
	header := c.u8()
	r.StatementID = c.u32()
	r.cols = uint64(c.u16())
	r.Params = c.u16()
	r.defs = uint64(r.Params)
	c.u8()
	if len(c.b) >= 2 {
		r.Warnings = c.u16()
	}
	if c.bad || header != HeaderOK {
		r.broken()
		return
	}
	r.Prepared = true
	if r.Rename != 0 {
		PutStatement(p, r.Rename) // the id stands where it does in commands
	}
	if r.next = atParamDefs; r.defs == 0 {
		r.columns()
	}
}

// columns moves on to the column definitions of a prepare.
func (r *Response) columns() {
	if r.next, r.defs = atPrepDefs, r.cols; r.cols == 0 {
		r.next = atEnd
	}
}

// status takes the OK or EOF packet at a response's end. The two that share a header are
// told apart by length: an EOF has 5 bytes, an OK at least 7.
func (r *Response) status(p []byte, first byte) bool {
	switch {
	case first == HeaderOK, first == HeaderEOF && len(p) >= 7:
		return r.ok(p)
	}
	return r.eof(p)
}

// ok takes what an OK packet, or the OK in an EOF's place, tells. It returns false for
// bytes that are none.
func (r *Response) ok(p []byte) bool {
	c := cursor{b: p}
	header, affected, insert := c.u8(), c.lenenc(), c.lenenc()
	status, warnings := c.u16(), c.u16()
	if c.bad {
		return r.broken()
	}
	r.Status, r.Warnings = status, warnings
	if header == HeaderOK { // the one behind rows has nothing to say of them
		r.Affected, r.InsertID = affected, insert
	}
	if r.Track == nil || !r.caps.Has(SessionTrack) || r.Status&StatusTrack == 0 || len(c.b) == 0 {
		return true
	}
	c.block()
	block := c.block()
	if c.bad || ParseTrack(block, r.Track) != nil {
		r.Track(Change{Kind: TrackState, Data: "1"})
	}
	return true
}

// eof takes what a classic EOF packet tells. It returns false for bytes that are none.
func (r *Response) eof(p []byte) bool {
	if len(p) != 5 || p[0] != HeaderEOF {
		return r.broken()
	}
	r.Warnings = uint16(p[1]) | uint16(p[2])<<8
	r.Status = uint16(p[3]) | uint16(p[4])<<8
	return true
}

// finish ends one result: another follows if the status says so.
func (r *Response) finish() {
	if r.next = atEnd; r.Status&StatusMoreResults != 0 && !r.fields {
		r.next = atFirst
	}
}

// broken ends a response whose packets make no sense. It returns false, for its callers.
func (r *Response) broken() bool {
	r.Malformed, r.next = true, atEnd
	r.Err = &Err{Code: 2027, State: "HY000", Message: "malformed packet from the backend"}
	return false
}
