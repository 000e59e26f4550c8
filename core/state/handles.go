package state

import "github.com/dbmesh/dbmesh/core/wire"

// Unheard is no statement's number.
const Unheard = ^uint64(0)

// Handle is a statement that is prepared on a backend connection.
type Handle struct {
	Text   *Text  // nil if it can't be shared, then it is never added
	ID     uint32 // the backend's
	Params int
	// Teller is the number of the statement that has told the types of the parameters last, 0
	// if none has, Unheard if it is not known whether the server has heard it.
	Teller uint64
	Types  []byte // those, where they matter to others; for the caller

	older, newer *Handle
}

// Handles are the statements that are prepared on one backend connection and belong to no
// session: whoever has the connection may execute them. Of those that were used longest ago
// it lets go when there are too many. Not safe for concurrent use. The zero value holds
// none; Begin it.
type Handles struct {
	texts *Texts
	max   int
	all   map[*Text]*Handle
	ring  Handle // newer is the oldest, older the newest
	stale []uint32
}

// Begin makes room for max statements of the texts.
func (h *Handles) Begin(texts *Texts, max int) {
	h.Clear()
	h.texts, h.max = texts, max
	h.ring.older, h.ring.newer = &h.ring, &h.ring
}

// Len is how many there are, without those that are lent.
func (h *Handles) Len() int { return len(h.all) }

// Find gives the connection's statement of the text, nil if it has none. It is valid until
// the next Add.
func (h *Handles) Find(t *Text) *Handle {
	x := h.all[t]
	if x != nil && h.ring.older != x {
		x.unlink()
		h.link(x)
	}
	return x
}

// Lend is Find for who needs the statement for himself, because the server keeps something
// with it that belongs to his session: nobody finds it until he has added it again, or
// discarded it.
func (h *Handles) Lend(t *Text) *Handle {
	x := h.all[t]
	if x != nil {
		delete(h.all, t)
		x.unlink()
	}
	return x
}

// New is a statement that was just prepared on the connection, lent to the caller, who
// holds its text.
func (h *Handles) New(t *Text, id uint32, params int) *Handle {
	if t != nil {
		h.texts.keep(t)
	}
	return &Handle{Text: t, ID: id, Params: params}
}

// Add makes a lent statement one that is found. It takes the place of another one of the
// same text, and of the one used longest ago if there are too many.
func (h *Handles) Add(x *Handle) {
	if h.all == nil {
		h.all = map[*Text]*Handle{}
	}
	if same := h.Lend(x.Text); same != nil {
		h.Discard(same)
	}
	h.all[x.Text] = x
	h.link(x)
	for len(h.all) > h.max {
		h.Discard(h.Lend(h.ring.newer.Text))
	}
}

// Discard has a lent statement closed on the server.
func (h *Handles) Discard(x *Handle) {
	h.stale = append(h.stale, x.ID)
	h.Lost(x)
}

// Lost forgets a lent statement that the server has not any more.
func (h *Handles) Lost(x *Handle) {
	if x.Text != nil {
		h.texts.drop(x.Text)
	}
}

// Stale says whether statements are to be closed on the server.
func (h *Handles) Stale() bool { return len(h.stale) > 0 }

// AppendClosing appends the commands that close what is stale, and counts it as closed. The
// server answers none of them, so they can go right before any other command.
func (h *Handles) AppendClosing(dst []byte) []byte {
	for _, id := range h.stale {
		dst = append(dst, 5, 0, 0, 0, 0x19, 0, 0, 0, 0)
		wire.PutStatement(dst[len(dst)-5:], id)
	}
	h.stale = h.stale[:0]
	return dst
}

// Clear forgets all, but for those that are lent: the server has none of them any more, or
// the connection is closed.
func (h *Handles) Clear() {
	for t := range h.all {
		h.texts.drop(t)
	}
	clear(h.all)
	h.stale = nil
	h.ring.older, h.ring.newer = &h.ring, &h.ring
}

// link makes x the newest.
func (h *Handles) link(x *Handle) {
	x.older, x.newer = h.ring.older, &h.ring
	x.older.newer, h.ring.older = x, x
}

func (x *Handle) unlink() { x.older.newer, x.newer.older = x.newer, x.older }
