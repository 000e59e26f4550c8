package state

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// Login is what a session begins with.
type Login struct {
	Version   string // of the server, as it greets
	Collation byte   // the client's
	Tracks    bool   // the server tells of changed system variables (SESSION_TRACK)
	Texts     *Texts // of a session that shares connections; nil if it has its own
}

// settings are what the server goes by when it reads the session's statements.
type settings struct {
	login   Login
	begin   stmt.Mode // of a new session
	charset stmt.Charset
	ansi    bool // sql_mode has ANSI_QUOTES; only for servers that do not say so by a status flag
	unsure  bool // it is not known whether it has
	blind   bool // statements ran that nobody looked at
	deaf    bool // the session has changed what the server tells
}

// Begin makes the session a new one.
func (s *Session) Begin(l Login) {
	s.End()
	*s = Session{}
	s.login = l
	s.begin = stmt.ServerMode(l.Version)
	s.charset = stmt.CollationCharset(s.begin.Flavour, l.Collation)
}

// Mode is how the server reads the session's next statement. status are the flags of its
// last response. What is not known for sure is said to be so.
func (s *Session) Mode(status uint16) stmt.Mode {
	m := s.begin
	m.NoBackslash = status&wire.StatusNoBackslash != 0
	m.Charset = s.charset
	if m.Flavour == stmt.MariaDB {
		m.ANSIQuotes = status&wire.StatusANSIQuotes != 0
	} else {
		m.ANSIQuotes, m.QuotesUnsure = s.ansi, s.unsure || s.blind
	}
	if s.blind && !s.hears() {
		m.Charset = stmt.CharsetUnknown
	}
	return m
}

// hears says whether the server tells when the character set changes.
func (s *Session) hears() bool { return s.login.Tracks && !s.deaf }

// Applied notes what a statement that has succeeded did to the settings.
func (s *Session) Applied(f *core.Facts) {
	if f.Creates&settled == 0 {
		return
	}
	left := f.Creates
	for _, a := range f.Assignments {
		if a.Scope != core.ScopeSession {
			continue
		}
		switch a.Name {
		case "names", "charset", "character_set_client":
			left &^= core.EffectCharset
			if s.charset = stmt.CharsetUnknown; a.Literal {
				s.charset = stmt.ParseCharset(a.Value)
			}
		case "character_set_connection", "character_set_results", "collation_connection", "character_set_filesystem",
			"character_set_server", "collation_server", "character_set_database", "collation_database", "default_collation_for_utf8mb4":
			left &^= core.EffectCharset // statements are read by character_set_client
		case "sql_mode":
			left &^= core.EffectSQLMode
			s.setSQLMode(a)
		case "session_track_system_variables":
			s.deaf = true
		}
	}
	s.doubt(left)
}

// settled are the effects that Mode depends on.
const settled = core.EffectCharset | core.EffectSQLMode | core.EffectSystemVar | core.EffectUnknown

// doubt notes that settings may have changed in a way that the texts do not show: inside
// a stored program or a literal, or in a text of which not all was executed.
func (s *Session) doubt(changed core.Effect) {
	if changed&(core.EffectSQLMode|core.EffectUnknown) != 0 {
		s.unsure = true
	}
	if changed&(core.EffectCharset|core.EffectUnknown) != 0 && !s.hears() {
		s.charset = stmt.CharsetUnknown
	}
}

func (s *Session) setSQLMode(a core.Assignment) {
	if s.unsure = !a.Literal || strings.EqualFold(a.Value, "default"); s.unsure {
		return
	}
	s.ansi = false
	for _, mode := range strings.Split(strings.ToUpper(a.Value), ",") {
		s.ansi = s.ansi || stmt.HasANSIQuotes(strings.TrimSpace(mode))
	}
	if strings.Trim(a.Value, "0123456789") == "" && a.Value != "" { // bits
		s.unsure = true
	}
}

// Tracked notes a change that the server told. What a pin is made of is not always told,
// so this adds to Ran and does not replace it.
func (s *Session) Tracked(c wire.Change) {
	switch {
	case c.Kind == wire.TrackState && c.Data == "1" && s.pin == "":
		s.pin = "session state"
	case c.Kind == wire.TrackVariable && c.Name == "character_set_client":
		s.charset = stmt.ParseCharset(c.Data)
	case c.Kind == wire.TrackVariable && c.Name == "sql_mode":
		s.setSQLMode(core.Assignment{Value: c.Data, Literal: true})
	case c.Kind == wire.TrackVariable && c.Name == "session_track_system_variables":
		s.deaf = true
	}
}
