package equality

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

// enough is how many dialogues the corpus must have for each server, variants not counted.
const enough = 200

func TestTheCorpusIsLargeEnoughAndRecorded(t *testing.T) {
	all, err := dialogue.Load("corpus")
	if err != nil {
		t.Fatal(err)
	}
	for _, flavour := range flavours {
		names := map[string]bool{}
		var want []string
		for _, d := range all {
			if d.On(string(flavour)) {
				names[d.Name] = true
				want = append(want, d.Title())
			}
		}
		if len(names) < enough {
			t.Errorf("%d dialogues for %s, want %d", len(names), flavour, enough)
		}
		var got []string
		for _, r := range recordings(t, string(flavour)) {
			got = append(got, r.Title)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("the recordings of %s are of %d dialogues, the corpus has %d: record anew with -update", flavour, len(got), len(want))
		}
	}
}

func recordings(t *testing.T, flavour string) []dialogue.Recording {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("recorded", flavour, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []dialogue.Recording
	for _, file := range files {
		some, err := dialogue.Recordings(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	return all
}

func TestTextsSurviveTheirNotation(t *testing.T) {
	for _, text := range []string{"", "a", "{", "{x*3}", `\`, "\x00\xff\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{"} {
		got, err := dialogue.Text(string(dialogue.AppendText(nil, []byte(text))))
		if err != nil || string(got) != text {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
	for _, c := range []struct{ in, out string }{
		{`{x*3}y`, "xxxy"}, {`a{b^5}c`, "abbbc"}, {`\x41\n\\`, "A\n\\"}, {`{"a": 1}`, `{"a": 1}`}, {`{\x00*2}`, "\x00\x00"},
	} {
		if got, err := dialogue.Text(c.in); err != nil || string(got) != c.out {
			t.Errorf("%q became %q, %v", c.in, got, err)
		}
	}
	for _, bad := range []string{`\q`, `\`, `{a^3}{b^3}`, `abcd{x^2}`} {
		if _, err := dialogue.Text(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
