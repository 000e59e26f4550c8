package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// parse reads a single value. The text is what stands in the file: YAML's own guesses
// (that yes is a bool, that 8.0 is a number) are not asked.
func parse(text string, t reflect.Type) (any, error) {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return duration(text)
	case isText(t):
		return text, reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	switch t.Kind() {
	case reflect.String:
		return text, nil
	case reflect.Bool:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("is %q, want true or false", text)
		}
		return text == "true", nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, t.Bits())
		if err != nil {
			return nil, fmt.Errorf("is %q, want a whole number", text)
		}
		return n, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, t.Bits())
		if err != nil {
			return nil, fmt.Errorf("is %q, want a whole number that is not negative", text)
		}
		return n, nil
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, t.Bits())
		if err != nil || f-f != 0 { // neither infinite nor NaN
			return nil, fmt.Errorf("is %q, want a number", text)
		}
		return f, nil
	}
	return nil, fmt.Errorf("a %s can't be written in a config", t)
}

func duration(text string) (any, error) {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return nil, fmt.Errorf("is %q, which needs a unit, such as %ss", text, text)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("is %q, want a duration such as 30s or 1m30s", text)
	}
	if d < 0 {
		return nil, fmt.Errorf("is %q, want a duration that is not negative", text)
	}
	return d, nil
}

// plain says whether the type is a single value that parse can read.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Interface, reflect.Pointer:
		return isText(t)
	}
	return true
}
