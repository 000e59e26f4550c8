package admin

import (
	"encoding"
	"reflect"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// show gives settings with the keys that the file has. Secrets show as placeholders, and
// of links only what is not the filter's own, for that may hold secrets too.
func show(s *core.Settings) any {
	if s == nil {
		return nil
	}
	return value(reflect.ValueOf(*s))
}

func value(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case core.ChainSettings:
		return map[string]any{"name": x.Name, "links": links(x.Links)}
	case time.Duration:
		return x.String()
	case core.Size:
		return x.String()
	case encoding.TextMarshaler:
		return x
	}
	switch v.Kind() {
	case reflect.Struct:
		return structure(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = value(v.Index(i))
		}
		return list
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return value(v.Elem())
	}
	return v.Interface()
}

func structure(v reflect.Value) map[string]any {
	m := make(map[string]any)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("koanf"), ",")
		if key != "" && key != "-" && f.IsExported() {
			m[key] = value(v.Field(i))
		}
	}
	return m
}

func links(specs []core.Spec) []any {
	list := make([]any, len(specs))
	for i, s := range specs {
		list[i] = map[string]string{"name": s.Name, "kind": s.Kind, "on_failure": s.OnFailure.String()}
	}
	return list
}
