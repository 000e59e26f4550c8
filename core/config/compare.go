package config

import (
	"reflect"
	"strings"
)

// Compare says whether dbmesh can go from one config to another while it runs. The error
// is an *Errors with each changed key that is fixed at start.
func Compare(from, to *Config) error {
	p := &problems{where: to.where}
	for _, key := range Keys() {
		if key.Live {
			continue
		}
		before, after := from.value(key.Path), to.value(key.Path)
		if before != after {
			p.add(key.Path, "can't change from %v to %v while dbmesh runs; it needs a restart", shown(before), shown(after))
		}
	}
	return p.err(to.Files)
}

// value gives the value of a key that is in no list.
func (c *Config) value(path string) any {
	v := reflect.ValueOf(c.Settings)
	for part := range strings.SplitSeq(path, ".") {
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("koanf") == part {
				v = v.Field(i)
				break
			}
		}
	}
	return v.Interface()
}

func shown(v any) any {
	if v == "" {
		return `""`
	}
	return v
}
