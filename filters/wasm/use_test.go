package wasm

import "testing"

func TestTheSchemaOfAUSEIsFound(t *testing.T) {
	for text, want := range map[string]struct {
		schema, place string
		sure          bool
	}{
		"USE a":               {"a", "a", true},
		"use\n\t`a b` ;":      {"a b", "`a b`", true},
		"USE `a``b`":          {"a`b", "`a``b`", true},
		`USE "a"`:             {"a", `"a"`, true},
		"/* x */USE/* y */a":  {"a", "a", true},
		"USE a #":             {"a", "a", true},
		"USE #":               {"", "", false},
		"# x\n-- y\nUSE a_$1": {"a_$1", "a_$1", true},
		"USE`a`":              {"a", "`a`", true},
		"USE ä":               {"ä", "ä", true},
		"/*! USE a */":        {"/*! USE a */", "/*! USE a */", false},
		"USE /*! a */":        {"/*! a */", "/*! a */", false},
		"USE a /* x */ ; # y": {"a", "a", true},
		"USE a; b":            {"a; b", "a; b", false},
		"USE a-b":             {"a-b", "a-b", false},
		"USE `a`b`":           {"`a`b`", "`a`b`", false},
		"USE ``":              {"``", "``", false},
		"USE":                 {"", "", false},
		"":                    {"", "", false},
		"/* open":             {"/* open", "/* open", false},
	} {
		schema, at, sure := used([]byte(text))
		if string(schema) != want.schema || text[at.Start:at.End] != want.place || sure != want.sure {
			t.Errorf("%q: schema %q at %q, %v; want %+v", text, schema, text[at.Start:at.End], sure, want)
		}
	}
}
