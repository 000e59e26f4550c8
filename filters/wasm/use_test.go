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

// FuzzUse reads texts as USE: what is found lies in the text, and a schema that is sure reads
// back from its own quotes.
func FuzzUse(f *testing.F) {
	f.Add([]byte("USE `a``b` ;"))
	f.Add([]byte("use /* x */ a -- y"))
	f.Fuzz(func(t *testing.T, text []byte) {
		schema, at, sure := used(text)
		if at.Start < 0 || at.End < at.Start || at.End > len(text) {
			t.Fatalf("%q: the schema stands at %v", text, at)
		}
		if !sure {
			return
		}
		again, _, sure := used(append([]byte("USE "), quoted(schema)...))
		if !sure || string(again) != string(schema) {
			t.Errorf("%q: the schema %q reads back as %q, %v", text, schema, again, sure)
		}
	})
}
