package stmt

import (
	"strings"
)

// value is the one literal or word that the tokens are, false for any other expression.
// A user variable takes no words but those that mean a value.
func (r *setter) value(from, to int, user bool) (string, bool) {
	if to-from == 2 && r.tokens[from+1].Kind == Number && !r.sign(from, "+") && !r.sign(from, "-") {
		return "", false
	}
	sign := ""
	if to-from == 2 && r.tokens[to-1].Kind == Number {
		if r.sign(from, "-") {
			sign = "-"
		}
		from++
	}
	if to-from != 1 {
		return "", false
	}
	text := r.text(from)
	switch r.tokens[from].Kind {
	case Number:
		if len(text) > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'b') {
			return "", false
		}
		return sign + string(text), true
	case String:
		if text[0] != '\'' && text[0] != '"' {
			return "", false
		}
		value := unquote(text, r.mode)
		// The word DEFAULT means another thing, and can't be told from it.
		return value, !strings.EqualFold(value, "default")
	case QuotedName:
		return name(text), !user
	case Word:
		return string(text), literalWord(strings.ToLower(string(text)), user)
	}
	return "", false
}

func literalWord(word string, user bool) bool {
	switch word {
	case "true", "false", "null":
		return true
	case `\n`, "current_timestamp", "current_date", "current_time", "current_user", "current_role", "localtime",
		"localtimestamp", "utc_date", "utc_time", "utc_timestamp", "sysdate":
		return false
	}
	return !user
}

// userVar is the name of a user variable, in lower case and without @ and quotes. A lone @
// has none.
func userVar(text []byte, m Mode) string {
	text = text[1:]
	if len(text) > 1 && (text[0] == '\'' || text[0] == '"') {
		return strings.ToLower(unquote(text, m))
	}
	return strings.ToLower(name(text))
}

// unquote is what a string in quotes means.
func unquote(text []byte, m Mode) string {
	q := text[0]
	if len(text) < 2 || text[len(text)-1] != q {
		return string(text[1:]) // it has no end, which makes the statement opaque
	}
	text = text[1 : len(text)-1]
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == q:
			i++ // doubled
		case c == '\\' && !m.NoBackslash && i+1 < len(text):
			i++
			switch c = text[i]; c {
			case '0':
				c = 0
			case 'b':
				c = '\b'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'Z':
				c = 26
			case '%', '_':
				out = append(out, '\\')
			}
		}
		out = append(out, c)
	}
	return string(out)
}
