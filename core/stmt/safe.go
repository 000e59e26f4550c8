package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// judge says whether the statement may run on a replica, and why. Inner are the facts of
// the statement that it explains, or of its WHERE.
func (s *statement) judge(at int, inner *core.Facts) {
	f := &s.facts
	if f.Kind == core.StatementDo {
		f.Access = s.doing()
	}
	f.ReadReason = s.unsafe(at, inner)
	f.ReadSafe = f.ReadReason == ""
	if f.ReadSafe {
		f.ReadReason = "it only reads what all servers have"
	}
}

// doing is what a DO does: no more than its functions.
func (s *statement) doing() core.Access {
	a := core.AccessRead
	if s.facts.Opaque {
		return core.AccessUnknown
	}
	for _, f := range s.facts.Functions {
		switch f {
		case "get_lock", "release_lock", "release_all_locks", "last_insert_id":
			a = core.AccessSession
		default:
			if !understood(f, s.mode) {
				return core.AccessUnknown
			}
		}
	}
	if len(s.facts.UserVarsSet) > 0 {
		return core.AccessSession
	}
	return a
}

// unsafe is why the statement may not run on a replica, "" if it may.
func (s *statement) unsafe(at int, inner *core.Facts) string {
	f := &s.facts
	switch {
	case f.Opaque:
		return "it is not understood for sure: " + f.OpaqueReason
	case at > 0 && s.start() > 0:
		return "it sets variables for its own time (SET STATEMENT)"
	}
	if reason := s.unsafeKind(at, inner); reason != "" {
		return reason
	}
	switch {
	case f.Locking:
		return "it locks rows"
	case f.Into != core.IntoClient:
		return "its result goes elsewhere than to the client (INTO)"
	case len(f.UserVarsSet) > 0:
		return "it sets the user variable @" + f.UserVarsSet[0]
	case len(f.UserVarsRead) > 0:
		return "it reads the user variable @" + f.UserVarsRead[0]
	case len(f.SystemVarsRead) > 0:
		return "it reads the variable @@" + f.SystemVarsRead[0]
	case len(f.Functions) > 0:
		return "it calls " + f.Functions[0] + "(), which is not known to read only what all servers have"
	}
	for _, t := range f.Tables {
		if t.Writes {
			return "it changes " + t.Name
		}
		if bound(t) {
			return "it reads " + t.Schema + "." + t.Name + ", which each server has for itself"
		}
	}
	return s.unsafeToken(at)
}

func (s *statement) unsafeKind(at int, inner *core.Facts) string {
	switch s.facts.Kind {
	case core.StatementSelect:
		return ""
	case core.StatementShow:
		if !s.catalogue(at) {
			return "it shows what one server or the session does, not what is defined"
		}
		return ""
	case core.StatementExplain:
		switch {
		case inner == nil && s.word(at+1, "for"):
			return "it explains what another session does"
		case s.word(at+1, "explore"):
			return "it tries out plans"
		case inner != nil && inner.Kind != core.StatementSelect:
			return "it explains a statement that changes data, which a read-only server refuses"
		case inner != nil && !inner.ReadSafe:
			return "the statement that it explains is none for a replica: " + inner.ReadReason
		}
		return ""
	case core.StatementEmpty:
		return "there is no statement in it"
	case core.StatementAnalyze:
		return "it runs the statement that it explains"
	}
	switch s.facts.Access {
	case core.AccessWrite:
		return "it changes rows"
	case core.AccessSchema:
		return "it changes definitions or grants"
	case core.AccessSession:
		return "it changes the session or its transaction"
	case core.AccessAdmin:
		return "it steers the server"
	case core.AccessRead:
		return "only queries are known to read alone, and it is of the kind " + s.facts.Kind.String()
	}
	return "it may do anything"
}

// unsafeToken is the last look at a query that seems to be safe: for words that no such
// query has outside names.
func (s *statement) unsafeToken(at int) string {
	for i := at; i < len(s.tokens); i++ {
		t := s.tokens[i]
		switch t.Kind {
		case UserVar, SystemVar:
			if !s.account(i) {
				return "it names a variable"
			}
		case Operator:
			if s.sign(i, ":=") {
				return "it assigns (:=)"
			}
		case Illegal:
			return "it has a byte that no statement has outside quotes"
		case Word:
			if s.sign(i-1, ".") {
				continue
			}
			switch s.lower(i) {
			case "sql_calc_found_rows":
				return "it counts rows for FOUND_ROWS() (SQL_CALC_FOUND_ROWS)"
			case "into", "procedure":
				if s.facts.Kind != core.StatementShow {
					return "it has " + strings.ToUpper(s.lower(i))
				}
			}
		}
	}
	return ""
}

// catalogueTables are the tables of information_schema that tell what is defined. The
// others tell what one server does, or what the account may do there.
var catalogueTables = wordSet(`schemata tables columns statistics key_column_usage table_constraints
	referential_constraints check_constraints views routines parameters triggers events partitions character_sets
	collations collation_character_set_applicability keywords sql_functions sequences st_geometry_columns
	geometry_columns tables_extensions columns_extensions view_table_usage view_routine_usage table_constraints_extensions
	schemata_extensions system_sequences periods key_period_usage`)

// bound says whether the table's rows are those of one server.
func bound(t core.Table) bool {
	switch strings.ToLower(t.Schema) {
	case "performance_schema", "sys", "mysql", "metrics_schema", "inspection_schema", "ndbinfo":
		return true
	case "information_schema":
		return !catalogueTables[strings.ToLower(t.Name)]
	}
	return false
}

// BoundIn says whether a table that the statement names without its schema is one of those
// that each server has for itself, if that is the default schema.
func BoundIn(schema string, f *core.Facts) bool {
	if !bound(core.Table{Schema: schema}) {
		return false // no table of it is
	}
	for _, t := range f.Tables {
		if t.Schema == "" && bound(core.Table{Schema: schema, Name: t.Name}) {
			return true
		}
	}
	return false
}
