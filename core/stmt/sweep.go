package stmt

import (
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// spaced are the built-in functions whose name is only theirs if the parenthesis follows at
// once. With a blank between, servers without IGNORE_SPACE look for a stored function.
var spaced = wordSet(`adddate bit_and bit_or bit_xor count curdate curtime date_add date_format date_sub decode extract
	group_concat json_arrayagg json_objectagg json_table max median mid min now percentile_cont percentile_disc position
	session_user std stddev stddev_pop stddev_samp subdate substr substring sum sysdate system_user trim variance var_pop
	var_samp`)

// native are built-in functions that no keyword stands for, so that their quoted names are
// theirs too. Of the others a quoted name is that of a stored function.
var native = wordSet(`abs acos asin atan benchmark concat concat_ws conv cos crc32 degrees elt exp field floor greatest
	hex ifnull instr isnull lcase least length ln log lower lpad ltrim md5 nullif pi pow radians rand round rpad rtrim
	sha1 sha2 sign sin sleep sqrt substring_index tan ucase unhex upper uuid`)

// openers are the words that a parenthesis may follow without a call.
var openers = wordSet(`select distinct distinctrow all from join on using where having by limit offset union except intersect
	minus as in any some exists not and or xor between like rlike regexp ilike div mod case when then else end is
	against match interval binary lateral over partition range rows columns path values value row table with
	recursive index key primary keys update set into order group collate cross inner straight_join left right natural
	signed unsigned integer char character varchar nchar decimal numeric dec float double real date datetime time
	timestamp year json vector returning escape of member for separator filter cast convert window return procedure
	call do ignore force use sounds rollup default tablesample timestamp session global nested error empty kill`)

func wordSet(words string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(words) {
		all[w] = true
	}
	return all
}

// sweep looks through the tokens for what the parser may have missed or taken for something
// else: it notes functions, variables, locks and where the result goes. It is the second
// look that a read has to pass, and the only one where the parser gave up.
func (s *statement) sweep(from int) {
	f := &s.facts
	for i := from; i < len(s.tokens); i++ {
		switch s.tokens[i].Kind {
		case UserVar:
			s.userVar(i)
		case SystemVar:
			f.SystemVarsRead = once(f.SystemVarsRead, s.systemVar(i))
		case Word:
			s.keyword(i)
			s.function(i)
		case QuotedName:
			s.function(i)
		}
	}
}

// keyword notes what a single word or a few tell.
func (s *statement) keyword(i int) {
	f := &s.facts
	if s.sign(i-1, ".") { // a name, but of MariaDB in Oracle's mode s.nextval is a call
		if w := s.lower(i); s.mode.Flavour != MySQL && (w == "nextval" || w == "currval") {
			s.calls(w)
		}
		return
	}
	switch s.lower(i) {
	case "for":
		if s.word(i+1, "update") || s.word(i+1, "share") || s.word(i+1, "key") || s.word(i+1, "no") {
			f.Locking = true
		}
	case "lock":
		if s.words(i+1, "in", "share", "mode") {
			f.Locking = true
		}
	case "into":
		switch {
		case i+1 < len(s.tokens) && s.tokens[i+1].Kind == UserVar:
			f.Into = max(f.Into, core.IntoVariables)
		case s.word(i+1, "outfile") || s.word(i+1, "dumpfile"):
			f.Into = core.IntoFile
		}
	case "value":
		if s.word(i+1, "for") && (s.word(i-1, "next") || s.word(i-1, "previous")) {
			name := "nextval"
			if s.word(i-1, "previous") {
				name = "lastval"
			}
			s.calls(name)
		}
	case "current_user", "current_role": // without parentheses too
		s.calls(s.lower(i))
	}
}

// function notes the call that a name before a parenthesis is.
func (s *statement) function(i int) {
	if !s.sign(i+1, "(") {
		return
	}
	called := strings.ToLower(name(s.text(i)))
	quoted := s.tokens[i].Kind == QuotedName
	switch {
	case s.sign(i-1, "."):
		if s.sign(i-3, ".") || s.column(i) {
			return
		}
		called = strings.ToLower(name(s.text(i-2))) + "." + called
	case s.list(i):
		return
	case !quoted && openers[called] && !harmless(called, s.mode):
		return
	case s.word(i-1, "tablesample"):
		return
	case s.tokens[i+1].Start > s.tokens[i].End && spaced[called], quoted && !native[called],
		called == "point" && !s.two(i+1): // else MariaDB looks for a stored one
		s.facts.Functions = once(s.facts.Functions, called)
		return
	}
	if !openers[called] {
		s.calls(called)
	}
}

// two says whether there are two arguments, not very long ones, in the parentheses at i.
func (s *statement) two(i int) bool {
	const long = 64
	depth, commas := 0, 0
	for end := i + long; i < end; i++ {
		switch {
		case s.sign(i, "("):
			depth++
		case s.sign(i, ")"):
			if depth--; depth == 0 {
				return commas == 1
			}
		case depth == 1 && s.sign(i, ","):
			commas++
		}
	}
	return false
}

// column says whether the list behind a name with a schema is one of columns: behind INTO,
// TABLE, REFERENCES.
func (s *statement) column(i int) bool {
	for i -= 2; s.sign(i-1, "."); i -= 2 {
	}
	return s.target(i - 1)
}

// target says whether a table's name follows the word, so that its parentheses hold columns.
func (s *statement) target(i int) bool {
	switch s.lower(i) {
	case "into", "table", "references", "exists", "insert", "replace", "ignore", "index", "key", "view", "on",
		"constraint", "low_priority", "high_priority", "delayed":
		return true
	}
	return false
}

// list says whether the parentheses behind a name are a list of columns: of a common table
// expression, of a derived table or of the target of an INSERT.
func (s *statement) list(i int) bool {
	switch {
	case s.sign(i-1, ")") && s.tokens[i].Kind == QuotedName, s.word(i-1, "as"):
		return true
	case s.sign(i-1, ")") && !openers[s.lower(i)]: // (SELECT ...) x (a, b)
		return true
	case s.word(i-1, "with") || s.word(i-1, "recursive") || s.sign(i-1, ","):
		end := s.pair(i + 1)
		return s.word(end+1, "as") && s.sign(end+2, "(")
	}
	return s.facts.Kind != core.StatementSelect && !s.word(i-1, "on") && s.target(i-1)
}

// userVar notes the user variable at i: it is set behind INTO and before :=, else read.
func (s *statement) userVar(i int) {
	f := &s.facts
	n := userVar(s.text(i), s.mode)
	if n == "" || s.account(i) {
		return
	}
	if s.sign(i+1, ":=") || s.word(i-1, "into") || s.sign(i-1, ",") && f.Into == core.IntoVariables && s.intoList(i) {
		f.UserVarsSet = once(f.UserVarsSet, n)
		return
	}
	if !slices.Contains(f.UserVarsSet, n) || f.Kind == core.StatementSelect {
		f.UserVarsRead = once(f.UserVarsRead, n)
	}
}

// intoList says whether only user variables stand between i and an INTO.
func (s *statement) intoList(i int) bool {
	for i >= 2 && s.sign(i-1, ",") && s.tokens[i-2].Kind == UserVar {
		i -= 2
	}
	return s.word(i-1, "into")
}

// account says whether the @ is that of an account, 'user'@'host'.
func (s *statement) account(i int) bool {
	if i == 0 || s.tokens[i-1].End != s.tokens[i].Start {
		return false
	}
	switch s.facts.Kind {
	case core.StatementSelect, core.StatementInsert, core.StatementReplace, core.StatementUpdate, core.StatementDelete,
		core.StatementDo, core.StatementCall, core.StatementLoad:
		return false // no place for one
	}
	k := s.tokens[i-1].Kind
	return k == String || k == QuotedName || k == Word && !openers[s.lower(i-1)] && s.lower(i-1) != "into"
}

// systemVar gives the name of the system variable at i without its scope.
func (s *statement) systemVar(i int) string {
	n := strings.ToLower(name(s.text(i)[2:]))
	switch n {
	case "global", "session", "local", "persist", "persist_only", "instance":
		if s.sign(i+1, ".") {
			return strings.ToLower(name(s.text(i + 2)))
		}
	}
	return n
}
