package wire

import (
	"bytes"
	"strings"
	"testing"
)

const bulkHead = "\xfa\x01\x00\x00\x00"

func TestAnExecuteIsMadeForAServerThatKnowsNoTypes(t *testing.T) {
	for name, c := range map[string]struct {
		b, types, want string
		n              int
		caps           Caps
	}{
		"no parameters":          {b: executeHead, want: "\x00\x01\x00\x00\x00"},
		"types told":             {b: executeHead + "\x00\x01\x01\x00\x2a", n: 1, types: "\x02\x00", want: "\x00\x01\x00\x00\x00\x00\x01\x01\x00\x2a"},
		"types left out":         {b: executeHead + "\x00\x00\x2a", n: 1, types: "\x01\x80", want: "\x00\x01\x00\x00\x00\x00\x01\x01\x80\x2a"},
		"only the head":          {b: executeHead + "\x00\x00", n: 1, types: "\x01\x80", want: "\x00\x01\x00\x00\x00\x00\x01\x01\x80"},
		"NULL":                   {b: executeHead + "\x02\x00\x2a", n: 2, types: "\x01\x00\x02\x00", want: "\x00\x01\x00\x00\x00\x02\x01\x01\x00\x02\x00\x2a"},
		"a cursor":               {b: "\x17\x01\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x2a", n: 1, types: "\x01\x00", want: "\x01\x01\x00\x00\x00\x00\x01\x01\x00\x2a"},
		"nine parameters":        {b: executeHead + "\x00\x01\x00ab", n: 9, types: strings.Repeat("\x01\x00", 9), want: "\x00\x01\x00\x00\x00\x00\x01\x01" + strings.Repeat("\x01\x00", 9) + "ab"},
		"counted":                {b: countedHead + "\x01\x00\x00\x2a", n: 1, caps: QueryAttrs, types: "\x01\x00", want: "\x08\x01\x00\x00\x00\x01\x00\x01\x01\x00\x00\x2a"},
		"counted, two":           {b: countedHead + "\x02\x00\x00\x2a\x01x", n: 2, caps: QueryAttrs, types: "\x01\x00\xfd\x00", want: "\x08\x01\x00\x00\x00\x02\x00\x01\x01\x00\x00\xfd\x00\x00\x2a\x01x"},
		"attributes and types":   {b: countedHead + "\x02\x00\x01\x01\x00\x00\xfd\x00\x05trace\x2a\x02id", n: 1, caps: QueryAttrs, want: "\x08\x01\x00\x00\x00\x02\x00\x01\x01\x00\x00\xfd\x00\x05trace\x2a\x02id"},
		"no parameters, counted": {b: countedHead + "\x00", caps: QueryAttrs, want: "\x08\x01\x00\x00\x00\x00"},
		"bulk, types told":       {b: bulkHead + "\x80\x00\x01\x00\x00\x2a", n: 1, types: "\x02\x00", want: "\x80\x00\x01\x00\x00\x2a"},
		"bulk, types left out":   {b: bulkHead + "\x00\x00\x00\x2a", n: 1, types: "\x02\x00", want: "\x80\x00\x02\x00\x00\x2a"},
		"bulk, unit results":     {b: bulkHead + "\x40\x00\x00\x2a", n: 1, types: "\x02\x00", want: "\xc0\x00\x02\x00\x00\x2a"},
	} {
		got, ok := AppendExecute([]byte("x"), []byte(c.b), 0x04030201, c.n, []byte(c.types), c.caps)
		if want := "x" + c.b[:1] + "\x01\x02\x03\x04" + c.want; !ok || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, ok, want)
		}
	}
}

func TestAnExecuteThatCannotBeMadeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		b, types string
		n        int
		caps     Caps
	}{
		"nothing":                       {},
		"no flags":                      {b: executeHead[:5], n: 1},
		"no bitmap":                     {b: executeHead, n: 1, types: "\x01\x00"},
		"no flag":                       {b: executeHead + "\x00", n: 1, types: "\x01\x00"},
		"types cut short":               {b: executeHead + "\x00\x01\x01", n: 1, types: "\x01\x00"},
		"no types":                      {b: executeHead + "\x00\x00\x2a", n: 1},
		"types of another statement":    {b: executeHead + "\x00\x00\x2a", n: 1, types: "\x01\x00\x01\x00"},
		"no number":                     {b: executeHead + "\x00\x00\x2a", n: 1, types: "\x01\x00", caps: QueryAttrs},
		"attributes of unknown types":   {b: countedHead + "\x02\x00\x00\x2a\x01x", n: 1, types: "\x01\x00", caps: QueryAttrs},
		"attributes, types of as many":  {b: countedHead + "\x02\x00\x00\x2a\x01x", n: 1, types: "\x01\x00\x01\x00", caps: QueryAttrs},
		"a number that is too small":    {b: countedHead + "\x00", n: 1, types: "\x01\x00", caps: QueryAttrs},
		"a name cut short":              {b: countedHead + "\x01\x00\x01\x01\x00\x05tra", n: 1, caps: QueryAttrs},
		"bulk without flags":            {b: bulkHead + "\x00", n: 1, types: "\x01\x00"},
		"bulk with types cut short":     {b: bulkHead + "\x80\x00\x01", n: 1, types: "\x01\x00"},
		"bulk without types":            {b: bulkHead + "\x00\x00\x00\x2a", n: 1},
		"bulk, only an odd byte's type": {b: bulkHead + "\x00\x00\x00\x2a", n: 1, types: "\x01"},
	} {
		if got, ok := AppendExecute([]byte("x"), []byte(c.b), 7, c.n, []byte(c.types), c.caps); ok || string(got) != "x" {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

func TestTheHeadOfAnExecuteHasItsTypes(t *testing.T) {
	var e Execute
	for _, c := range []struct {
		b, types string
		n        int
		caps     Caps
		told     bool
	}{
		{b: executeHead + "\x00\x01\x01\x00\xfd\x00", n: 2, types: "\x01\x00\xfd\x00", told: true},
		{b: executeHead + "\x00\x00\x2a", n: 2},
		{b: countedHead + "\x02\x00\x01\x01\x00\x00\xfd\x00\x05trace", n: 1, caps: QueryAttrs, types: "\x01\x00\xfd\x00", told: true},
		{b: bulkHead + "\x80\x00\x01\x00\xfd\x00\x00\x2a", n: 2, types: "\x01\x00\xfd\x00", told: true},
	} {
		if !e.Head([]byte(c.b), c.n, c.caps) || e.Told != c.told || string(e.Types) != c.types {
			t.Errorf("%q: told %v, %q", c.b, e.Told, e.Types)
		}
		if have := HeadLen(c.n, c.caps); have < len(c.b)-2 {
			t.Errorf("%q: a head of %d bytes", c.b, have)
		}
	}
}

func TestMakingAnExecuteMakesNoGarbage(t *testing.T) {
	dst := make([]byte, 0, 64)
	b := []byte(executeHead + "\x00\x00\x2a")
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := AppendExecute(dst, b, 7, 1, []byte("\x01\x00"), 0); !ok {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// An execute that was made is read as the client's was by who knows the types.
func FuzzAppendExecute(f *testing.F) {
	for _, s := range append(executeSeeds(), bulkHead+"\x00\x00\x00\x2a", bulkHead+"\x80\x00\x01\x00\x00\x2a") {
		f.Add([]byte(s), uint16(1), uint64(0), "\x01\x00")
		f.Add([]byte(s), uint16(2), uint64(QueryAttrs), "\x01\x00\xfd\x00")
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint16, caps uint64, types string) {
		before := bytes.Clone(b)
		got, ok := AppendExecute(nil, b, 0x01020304, int(n), []byte(types), Caps(caps))
		if !bytes.Equal(b, before) {
			t.Fatal("the client's bytes were changed")
		}
		if !ok {
			return
		}
		if len(got) > len(b)+3*int(n) || got[0] != b[0] || string(got[1:5]) != "\x04\x03\x02\x01" {
			t.Fatalf("%q became %q", b, got)
		}
		var e Execute
		if !e.Head(got, int(n), Caps(caps)) || e.count > 0 && !e.Told {
			t.Fatalf("%q became %q, told %v", b, got, e.Told)
		}
		var was Execute
		one, fine := executeText(&was, b, int(n), Caps(caps), []byte(types), nil)
		two, same := executeText(&e, got, int(n), Caps(caps), nil, nil)
		if fine != same || one != two {
			t.Fatalf("%q became %q: %q, then %q", b, got, one, two)
		}
	})
}
