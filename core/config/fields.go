package config

import (
	"encoding"
	"reflect"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

var ( // never changed
	secretType = reflect.TypeFor[core.Secret]()
	textType   = reflect.TypeFor[encoding.TextUnmarshaler]()
	chainType  = reflect.TypeFor[core.ChainSettings]()
	linksType  = reflect.TypeFor[[]linkKeys]()
)

// field is a key that a struct declares with its koanf tag.
type field struct {
	name string
	typ  reflect.Type
}

// fieldsOf gives the keys of a struct. A field without a tag is not a key.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("koanf"), ",")
		switch {
		case option == "squash":
			out = append(out, fieldsOf(f.Type)...)
		case name != "" && name != "-" && f.IsExported():
			out = append(out, field{name, f.Type})
		}
	}
	if t == chainType { // core keeps the links as specs, which are not data
		out = append(out, field{"links", linksType})
	}
	return out
}

// isText says whether values of the type read themselves from text.
func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }
