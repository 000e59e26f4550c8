package manifest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Schema has the settings of a filter by name.
type Schema map[string]Field

// Field is one setting.
type Field struct {
	// Type is string, integer, number, boolean, list, map or any; "" is any.
	Type     string   `yaml:"type"`
	Of       string   `yaml:"of"` // type of a list's elements or a map's values; "" is any
	Required bool     `yaml:"required"`
	Default  any      `yaml:"default"`
	OneOf    []any    `yaml:"one_of"` // for strings and numbers
	Min      *float64 `yaml:"min"`    // for numbers
	Max      *float64 `yaml:"max"`
	Doc      string   `yaml:"doc"`
}

const types = "string, integer, number, boolean, list, map, any"

// check finds what is wrong with the schema itself.
func (s Schema) check() error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		f := s[name]
		for _, t := range []string{f.Type, f.Of} {
			if !slices.Contains(strings.Split(types, ", "), t) && t != "" {
				return fmt.Errorf("%s: there is no type %q, only %s", name, t, types)
			}
		}
		if f.Of != "" && f.Type != "list" && f.Type != "map" {
			return fmt.Errorf("%s: of is for lists and maps", name)
		}
		if f.Default == nil {
			continue
		}
		if f.Required {
			return fmt.Errorf("%s: it is required and has a default", name)
		}
		if err := f.fits(f.Default); err != nil {
			return fmt.Errorf("%s: its default %w", name, err)
		}
	}
	return nil
}

// Check says what is wrong with settings of one place; the others may be in another. A nil
// schema takes anything. The errors begin with the setting's name, one each.
func (s Schema) Check(values map[string]any) error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f, ok := s[name]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: the filter has no such setting, only %s", name, s.names()))
			continue
		}
		if err := f.fits(values[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (s Schema) names() string {
	if len(s) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(s)), ", ")
}

// Complete puts the layers together, the last one wins, with the schema's defaults below
// them. A required setting that none has is an error. A setting is taken whole: lists and
// maps of two layers are not merged.
func (s Schema) Complete(layers ...map[string]any) (map[string]any, error) {
	all := map[string]any{}
	for name, f := range s {
		if f.Default != nil {
			all[name] = f.Default
		}
	}
	for _, l := range layers {
		maps.Copy(all, l)
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if _, ok := all[name]; !ok && s[name].Required {
			return nil, fmt.Errorf("the filter needs the setting %q", name)
		}
	}
	return all, nil
}

func (f Field) fits(v any) error {
	if err := fits(v, f.Type); err != nil {
		return err
	}
	n, number := asNumber(v)
	switch {
	case len(f.OneOf) > 0 && !slices.ContainsFunc(f.OneOf, func(o any) bool { return fmt.Sprint(o) == fmt.Sprint(v) }):
		return fmt.Errorf("is %v, want one of %v", v, f.OneOf)
	case number && f.Min != nil && n < *f.Min:
		return fmt.Errorf("is %v, less than %v", v, *f.Min)
	case number && f.Max != nil && n > *f.Max:
		return fmt.Errorf("is %v, more than %v", v, *f.Max)
	}
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			if err := fits(e, f.Of); err != nil {
				return fmt.Errorf("[%d] %w", i, err)
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := fits(v[k], f.Of); err != nil {
				return fmt.Errorf("%s %w", k, err)
			}
		}
	}
	return nil
}

func fits(v any, want string) error {
	ok := true
	n, number := asNumber(v)
	switch want {
	case "string":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "number":
		ok = number
	case "integer":
		ok = number && n == float64(int64(n))
	case "list":
		_, ok = v.([]any)
	case "map":
		_, ok = v.(map[string]any)
	}
	if !ok {
		return fmt.Errorf("is %v, want a value of the type %s", v, want)
	}
	return nil
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
