package core

import "time"

// Command is one request of the command phase. It is reused: it and every byte slice in
// it are valid until its last OnDone hook returns, and must be copied to be kept.
type Command struct {
	Session *Session
	Code    Code
	// SQL is the statement's text in the client's character set: of a query or a prepare,
	// of an execute the text that was prepared, of InitDB the schema. It holds at most the
	// configured inspect_limit; see Truncated.
	SQL []byte
	// Size is the payload's length in bytes as far as it is known when the hooks run: of
	// the first frame, that is at most 16 MiB - 1.
	Size int
	// StatementID is the prepared statement's of an execute or fetch, as the client names it.
	StatementID uint32
	Pool        string   // where the command goes; starts as the session's pool
	Backend     *Backend // set by a balancing link if the session holds none in Pool
	// Consistency is what the command must see if it runs in another pool than the session's
	// own; where no backend there can be found that has it, it runs at home. Set by a routing
	// link, with how long to wait for such a backend.
	Consistency Consistency
	Patience    time.Duration
	// Hold has a BEGIN answered by the proxy, and sent right before the next command, where
	// that one goes. Set by a routing link.
	Hold bool

	truncated bool
	rewritten []byte
	facts     *Facts
	slots     []Slot
	link      int
	reached   int
}

// Slot is room for what one link wants to keep from OnCommand to OnDone.
type Slot struct {
	N uint64
	P any

	skipped bool // the link is in quarantine and was not asked about this command
}

// Reset makes the command ready for the next request of the same session. For the proxy.
func (c *Command) Reset(s *Session, code Code, sql []byte, size int, truncated bool) {
	c.Session, c.Code, c.SQL, c.Size, c.truncated = s, code, sql, size, truncated
	c.StatementID = 0
	c.Consistency, c.Patience, c.Hold = ConsistencyOff, 0, false
	c.Pool, c.Backend, c.rewritten, c.facts = s.Pool, nil, nil, nil
	c.reached = -1
}

// Truncated says that the text goes on beyond SQL. Such a command stays on the session's
// pool and can't be rewritten; a link that must judge the whole text should deny it.
func (c *Command) Truncated() bool { return c.truncated }

// Statement gives the facts about the command's text, never nil: of a query or a prepare
// about SQL, of an execute about what was prepared; for a command without SQL their kind is
// StatementEmpty. They are found when they are first asked for, and kept for later links.
func (c *Command) Statement() *Facts {
	if c.facts == nil {
		c.facts = c.find()
	}
	return c.facts
}

func (c *Command) find() *Facts {
	switch c.Code {
	case Query, Prepare, Execute, BulkExecute, Fetch:
		if c.Session.Classifier != nil {
			return c.Session.Classifier.Classify(c)
		}
		return &Facts{Opaque: true, OpaqueReason: "nobody classifies statements here", Creates: AllEffects}
	}
	return &Facts{Kind: StatementEmpty}
}

// Ranges says where the tables and clauses of the statement stand in SQL, for a rewrite.
// It says false if that is not sure. They are found anew each time.
func (c *Command) Ranges() (Ranges, bool) {
	if c.truncated || c.Session.Classifier == nil || (c.Code != Query && c.Code != Prepare) {
		return Ranges{}, false
	}
	return c.Session.Classifier.Ranges(c)
}

// Texts are the texts of the statements in SQL, one for each of Statement().Statements(),
// without the semicolons between them. It says false if that is not sure; then SQL is one
// text that can't be taken apart. They are found anew each time.
func (c *Command) Texts() ([]Range, bool) {
	f := c.Statement()
	if f.Kind != StatementMulti {
		return []Range{{0, len(c.SQL)}}, true
	}
	if c.truncated || c.Session.Classifier == nil || (c.Code != Query && c.Code != Prepare) {
		return nil, false
	}
	return c.Session.Classifier.Texts(c)
}

// Params are the parameters of an execute, valid until the hook returns. It says false for
// other commands, and where they are not at hand: the filter is no ParamReader, they go
// beyond the configured inspect_limit, or an execute before did not tell their types.
func (c *Command) Params() ([]Param, bool) {
	if c.Code != Execute || c.Session.Decoder == nil {
		return nil, false
	}
	return c.Session.Decoder.Params(c)
}

// Attribute is the text of the query attribute of that name (CLIENT_QUERY_ATTRIBUTES), valid
// like the command; it is empty for one that is no text. It says false for commands other
// than queries, where there is none of the name, and for NULL. It is looked for anew each time.
func (c *Command) Attribute(name string) ([]byte, bool) {
	if c.Code != Query || c.Session.Attributed == nil {
		return nil, false
	}
	return c.Session.Attributed.Attribute(c, name)
}

// Known gives the facts if somebody has asked for them, else nil.
func (c *Command) Known() *Facts { return c.facts }

// Rewrite puts sql in the place of the text that the backend gets; later links see it as
// SQL, and its facts, and so do the executes of what is prepared by it. Queries, prepares
// and InitDB (the schema's name) have text of their own; for any other command, and for a
// truncated one, it does nothing and returns false. The slice is kept until the command
// ends, and what of it the session needs longer is copied.
func (c *Command) Rewrite(sql []byte) bool {
	if c.truncated || (c.Code != Query && c.Code != Prepare && c.Code != InitDB) {
		return false
	}
	c.SQL, c.rewritten, c.facts = sql, sql, nil
	return true
}

// Rewritten is the text that replaces the client's, nil if no link changed it.
func (c *Command) Rewritten() []byte { return c.rewritten }

// Slot is the current link's room for this command, zero when OnCommand begins.
// It may be used inside OnCommand and the hooks behind it only.
func (c *Command) Slot() *Slot { return &c.slots[c.link] }
