package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// leaves gives the path of each key that holds a value, by the structs that are filled.
func leaves(t reflect.Type, path string) []string {
	var out []string
	for _, f := range fieldsOf(t) {
		at, typ := join(path, f.name), f.typ
		if typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct {
			at, typ = at+"[]", typ.Elem()
		}
		if typ.Kind() == reflect.Struct && typ != secretType {
			out = append(out, leaves(typ, at)...)
			continue
		}
		out = append(out, at)
	}
	return out
}

func TestTheTableHasExactlyTheKeysOfTheSettings(t *testing.T) {
	known := make(map[string]bool)
	for _, path := range leaves(reflect.TypeFor[core.Settings](), "") {
		known[path] = true
	}
	for _, k := range Keys() {
		if !known[k.Path] {
			t.Errorf("%s is twice in the table, or in no struct", k.Path)
		}
		delete(known, k.Path)
		if k.Doc == "" || k.Type() == "" {
			t.Errorf("%s has no meaning or no type", k.Path)
		}
		if !k.Live && strings.Contains(k.Path, "[]") {
			t.Errorf("%s is fixed, but Compare can't look into lists", k.Path)
		}
		if k.Default != "" {
			if _, err := parse(k.Default, typeOf(k.Path)); err != nil {
				t.Errorf("%s has a default that can't be read: %v", k.Path, err)
			}
		}
	}
	for path := range known {
		t.Errorf("%s is not in the table", path)
	}
}

// A frozen backend must be out within 3 s.
func TestDefaultsFindAFrozenBackendInTime(t *testing.T) {
	c, err := Load(Default("127.0.0.1:3306", ""))
	if err != nil {
		t.Fatal(err)
	}
	h := c.Pools[0].Health
	if worst := time.Duration(h.Fall)*h.Interval + h.Timeout; worst >= 3*time.Second {
		t.Errorf("it takes %v", worst)
	}
}

func TestNearestFindsOnlyWhatIsNear(t *testing.T) {
	fields := []field{{name: "address"}, {name: "weight"}, {name: "name"}, {name: "tls"}}
	for typed, want := range map[string]string{
		"adress": "address", "Address": "address", "adresses": "address", "wieght": "weight", "nam": "name",
		"tsl": "tls", "colour": "", "": "", "x": "",
	} {
		if got := nearest(typed, fields); got != want {
			t.Errorf("%q gives %q, want %q", typed, got, want)
		}
	}
}
