package wire

import (
	"bytes"
	"testing"
)

const attributed = "\x03\x06\x01\x14\x01" + // the third and fifth are NULL
	"\xfe\x00\x01a" + "\x08\x00\x01n" + "\xfe\x00\x01z" + "\xfd\x00\x06dbmesh" + "\xfe\x00\x01y" + "\xfe\x00\x06dbmesh" +
	"\x03one" + "\x01\x02\x03\x04\x05\x06\x07\x08" + "\x07replica" + "\x07primary" + "SELECT 1"

func TestAQueryAttributeIsFoundByItsName(t *testing.T) {
	for name, want := range map[string]string{"a": "one", "dbmesh": "replica", "n": ""} {
		if text, ok := QueryAttr([]byte(attributed), name); !ok || string(text) != want {
			t.Errorf("%s is %q, %t, want %q", name, text, ok, want)
		}
	}
	for _, name := range []string{"z", "y", "b", "", "DBMESH", "SELECT 1"} {
		if text, ok := QueryAttr([]byte(attributed), name); ok {
			t.Errorf("%s is %q", name, text)
		}
	}
	if _, ok := QueryAttr([]byte("\x03\x00\x01SELECT 1"), "dbmesh"); ok {
		t.Error("found where there are none")
	}
}

func TestLookingForAQueryAttributeMakesNoGarbage(t *testing.T) {
	b := []byte(attributed)
	if n := testing.AllocsPerRun(100, func() { QueryAttr(b, "dbmesh") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzQueryAttr(f *testing.F) {
	seeded(f, append(queryAttrSeeds(), attributed))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := SkipQueryAttrs(b)
		for _, name := range []string{"dbmesh", "a", ""} {
			text, found := QueryAttr(b, name)
			if found && !ok {
				t.Errorf("%q found in attributes that are malformed", name)
			}
			if found && (!bytes.Contains(b[:n], []byte(name)) || !bytes.Contains(b[:n], text)) {
				t.Errorf("%q is %q, which is not there", name, text)
			}
			if _, again := QueryAttr(append(bytes.Clone(b), "dbmesh"...), name); ok && again != found {
				t.Errorf("%q depends on the text behind the attributes", name)
			}
		}
	})
}
