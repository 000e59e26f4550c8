package state

import (
	"bytes"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// Unrun says that the text of a query that was answered with an error has surely done nothing,
// though its facts say that it may do anything: the server could not read it, or its one stored
// function is not there. It may be neither several statements nor one that runs others, which
// fail by the same errors when something was done already. Schema is the default one.
func Unrun(f *core.Facts, sql []byte, schema string, code uint16, message string) bool {
	const (
		syntax     = 1064
		noFunction = 1305
	)
	if !alone(f, sql) {
		return false
	}
	switch code {
	case syntax: // a full-text query raises it with other words, and later
		return len(f.Functions) == 0 && strings.HasPrefix(message, "You have an error in your SQL syntax;") && strings.Contains(message, " near ")
	case noFunction: // names are looked up first, but for those that a stored function uses
		return f.Kind == core.StatementSelect && !f.Opaque && len(f.Functions) == 1 && lacks(message, schema, f.Functions[0])
	}
	return false
}

// alone says that the text is one statement that runs no others, however the server reads it.
func alone(f *core.Facts, sql []byte) bool {
	switch f.Kind {
	case core.StatementUnknown, core.StatementSelect, core.StatementInsert, core.StatementReplace, core.StatementUpdate,
		core.StatementDelete, core.StatementDo, core.StatementSet, core.StatementShow, core.StatementExplain,
		core.StatementCreate, core.StatementAlter, core.StatementDrop:
	default:
		return false
	}
	if len(f.Parts) > 0 || bytes.IndexByte(bytes.TrimRight(sql, "; \t\r\n"), ';') >= 0 {
		return false
	}
	if !f.Opaque {
		return true
	}
	low := bytes.ToLower(sql) // the server may read another verb than dbmesh does
	for _, verb := range [...]string{"call", "execute", "prepare", "signal", "begin", "binlog"} {
		if bytes.Contains(low, []byte(verb)) {
			return false
		}
	}
	return true
}

// lacks says that the server's message is that the function, named as in facts, does not exist.
func lacks(message, schema, function string) bool {
	if !strings.Contains(function, ".") {
		function = strings.ToLower(schema) + "." + function
	}
	name, ok := strings.CutPrefix(strings.ToLower(message), "function ")
	name, told := strings.CutSuffix(name, " does not exist")
	return ok && told && name == function
}
