package stmt

import "github.com/dbmesh/dbmesh/core"

// leading are the first words that alone tell the kind.
var leading = map[string]core.StatementKind{
	"select": core.StatementSelect, "table": core.StatementSelect, "values": core.StatementSelect,
	"insert": core.StatementInsert, "replace": core.StatementReplace, "update": core.StatementUpdate,
	"delete": core.StatementDelete, "call": core.StatementCall, "do": core.StatementDo,
	"handler": core.StatementHandler, "show": core.StatementShow, "help": core.StatementAdmin,
	"trace": core.StatementAnalyze, "use": core.StatementUse, "set": core.StatementSet,
	"prepare": core.StatementPrepare, "execute": core.StatementExecute, "deallocate": core.StatementDeallocate,
	"commit": core.StatementCommit, "savepoint": core.StatementSavepoint, "xa": core.StatementXA,
	"alter": core.StatementAlter, "rename": core.StatementRename, "truncate": core.StatementTruncate,
	"create": core.StatementCreate, "grant": core.StatementGrant, "revoke": core.StatementGrant,
	"kill": core.StatementKill, "flush": core.StatementFlush,
	"check": core.StatementTable, "checksum": core.StatementTable, "optimize": core.StatementTable,
	"repair": core.StatementTable, "stop": core.StatementReplication, "change": core.StatementReplication,
	"purge": core.StatementAdmin,

	"declare": core.StatementBlock, "signal": core.StatementBlock, "resignal": core.StatementBlock,
	"get": core.StatementBlock, "if": core.StatementBlock, "case": core.StatementBlock, "loop": core.StatementBlock,
	"while": core.StatementBlock, "repeat": core.StatementBlock, "leave": core.StatementBlock,
	"iterate": core.StatementBlock, "return": core.StatementBlock, "open": core.StatementBlock,
	"fetch": core.StatementBlock, "close": core.StatementBlock, "for": core.StatementBlock, "end": core.StatementBlock,
	"else": core.StatementBlock, "elseif": core.StatementBlock, "goto": core.StatementBlock, "exit": core.StatementBlock,
	"raise": core.StatementBlock, "until": core.StatementBlock, "when": core.StatementBlock,

	"install": core.StatementAdmin, "uninstall": core.StatementAdmin, "shutdown": core.StatementAdmin,
	"restart": core.StatementAdmin, "binlog": core.StatementAdmin, "cache": core.StatementAdmin,
	"clone": core.StatementAdmin, "admin": core.StatementAdmin, "split": core.StatementAdmin,
	"plan": core.StatementAdmin, "recover": core.StatementAdmin, "flashback": core.StatementAdmin,
	"calibrate": core.StatementAdmin, "restore": core.StatementAdmin, "refresh": core.StatementAdmin,
	"query": core.StatementAdmin, "traffic": core.StatementAdmin, "cancel": core.StatementAdmin,
	"recommend": core.StatementAdmin, "distribute": core.StatementAdmin,
}

// kind says what the statement is by its leading words, and where its verb stands.
func (s *statement) kind() (core.StatementKind, int) {
	at := s.start()
	first := at
	for s.sign(at, "(") || s.sign(at, "{") {
		at++
	}
	if at == len(s.tokens) {
		return core.StatementEmpty, at
	}
	if s.sign(at+1, ":") { // a label
		return core.StatementBlock, at
	}
	verb := s.lower(at)
	if at > first && verb != "select" && verb != "table" && verb != "values" && verb != "with" && verb != "call" {
		return core.StatementUnknown, at
	}
	if k, ok := leading[verb]; ok {
		return k, at
	}
	return s.longer(verb, at)
}

// longer tells the kind where the first word leaves it open.
func (s *statement) longer(verb string, at int) (core.StatementKind, int) {
	next := s.lower(at + 1)
	switch verb {
	case "with":
		at = s.afterWith(at)
		switch k := leading[s.lower(at)]; k {
		case core.StatementSelect, core.StatementInsert, core.StatementReplace, core.StatementUpdate, core.StatementDelete:
			return k, at
		}
		return core.StatementUnknown, at
	case "load":
		return pick(next, core.StatementAdmin, core.StatementLoad, "data", "xml"), at
	case "import":
		return pick(next, core.StatementAdmin, core.StatementLoad, "into"), at
	case "explain", "describe", "desc":
		if next == "analyze" || s.word(s.options(at+1), "analyze") {
			return core.StatementAnalyze, at
		}
		return core.StatementExplain, at
	case "analyze":
		return pick(next, core.StatementAnalyze, core.StatementTable, "table", "local", "no_write_to_binlog", "incremental"), at
	case "begin":
		if len(s.tokens) == at+1 || next == "work" || next == "optimistic" || next == "pessimistic" {
			return core.StatementBegin, at
		}
		return core.StatementBlock, at
	case "start":
		return pick(next, core.StatementReplication, core.StatementBegin, "transaction"), at
	case "rollback":
		to := at + 1
		if s.word(to, "work") {
			to++
		}
		return pick(s.lower(to), core.StatementRollback, core.StatementSavepoint, "to"), at
	case "reset":
		return pick(next, core.StatementFlush, core.StatementReplication, "slave", "replica"), at
	case "release":
		return core.StatementSavepoint, at
	case "lock", "unlock":
		if next == "stats" {
			return core.StatementAdmin, at
		}
		return pick(verb, core.StatementLock, core.StatementUnlock, "unlock"), at
	case "backup":
		return core.StatementLock, at
	case "drop":
		return pick(next, core.StatementDrop, core.StatementDeallocate, "prepare"), at
	case "batch": // TiDB's in pieces: BATCH ON id LIMIT 10 DELETE ...
		for i := at + 1; i < len(s.tokens); i++ {
			switch k := leading[s.lower(i)]; k {
			case core.StatementInsert, core.StatementReplace, core.StatementUpdate, core.StatementDelete:
				return k, i
			}
		}
	}
	return core.StatementUnknown, at
}

// pick gives match if the word is one of the words, else other.
func pick(word string, other, match core.StatementKind, words ...string) core.StatementKind {
	for _, w := range words {
		if w == word {
			return match
		}
	}
	return other
}

// afterWith finds the verb behind the common table expressions of a WITH, or the end.
func (s *statement) afterWith(at int) int {
	depth := 0
	for i := at + 1; i < len(s.tokens); i++ {
		switch {
		case s.sign(i, "("):
			if depth == 0 && s.sign(i-1, ")") { // WITH x AS (...) (SELECT ...)
				for s.sign(i, "(") {
					i++
				}
				return i
			}
			depth++
		case s.sign(i, ")"):
			depth--
		case depth == 0 && s.tokens[i].Kind == Word && (s.sign(i-1, ")") || s.word(i-1, "restrict")):
			if w := s.lower(i); w != "as" && w != "cycle" {
				return i
			}
		}
	}
	return len(s.tokens)
}

// lower is the i-th token if it is a word, in lower case.
func (s *statement) lower(i int) string {
	if i < 0 || i >= len(s.tokens) || s.tokens[i].Kind != Word {
		return ""
	}
	return lower(s.text(i))
}
