package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader turns nodes into the plain values that koanf takes, guided by the type that they
// will fill, and reports with its key whatever does not fit. Values are strings, numbers,
// bools, lists and maps; secrets and types that read text stay strings until koanf fills
// the struct.
type reader struct {
	*document
	*problems
}

// value reads a node. It says false if there is nothing to fill in: after an error, and
// for lists and maps whose entries are all commented out.
func (r reader) value(n *yaml.Node, t reflect.Type, path string) (any, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == secretType || isText(t):
		return r.scalar(n, t, path)
	case t.Kind() == reflect.Struct:
		return r.structure(n, t, path)
	case t.Kind() == reflect.Map:
		return r.free(n, t, path)
	case t.Kind() == reflect.Slice:
		return r.list(n, t, path)
	case t.Kind() == reflect.Interface:
		return r.untyped(n, path)
	}
	return r.scalar(n, t, path)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// structure reads a mapping whose keys are known. Keys of skip are somebody else's.
func (r reader) structure(n *yaml.Node, t reflect.Type, path string, skip ...field) (any, bool) {
	fields := append(fieldsOf(t), skip...)
	if n.Kind != yaml.MappingNode {
		if !isNull(n) {
			r.add(path, "want keys and values: %s", names(fields))
		}
		return nil, false
	}
	out := make(map[string]any)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		at := join(path, key)
		if n.Content[i].Kind != yaml.ScalarNode {
			continue // index has reported it
		}
		f, ok := find(fields[:len(fields)-len(skip)], key)
		if ok && f.typ == linksType {
			continue
		}
		if ok {
			if v, ok := r.value(n.Content[i+1], f.typ, at); ok {
				out[key] = v
			}
			continue
		}
		if _, ok := find(skip, key); ok {
			continue
		}
		if near := nearest(key, fields); near != "" {
			r.add(at, "unknown key, did you mean %q?", near)
			r.mute(join(path, near)) // that it is missing follows
		} else {
			r.add(at, "unknown key, want one of %s", names(fields))
		}
	}
	return out, true
}

// free reads a mapping whose keys are the user's own.
func (r reader) free(n *yaml.Node, t reflect.Type, path string) (any, bool) {
	if n.Kind != yaml.MappingNode {
		if !isNull(n) {
			r.add(path, "want keys and values")
		}
		return nil, false
	}
	out := make(map[string]any)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if v, ok := r.value(n.Content[i+1], t.Elem(), join(path, key)); ok {
			out[key] = v
		}
	}
	return out, true
}

func (r reader) list(n *yaml.Node, t reflect.Type, path string) (any, bool) {
	if n.Kind != yaml.SequenceNode {
		if !isNull(n) {
			r.add(path, "want a list")
		}
		return nil, false
	}
	out := make([]any, 0, len(n.Content))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		v, ok := r.value(item, t.Elem(), at)
		if !ok && isNull(item) {
			r.add(at, "has no value")
		}
		out = append(out, v) // nil keeps the place, so that later elements keep their keys
	}
	return out, true
}

func (r reader) scalar(n *yaml.Node, t reflect.Type, path string) (any, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		r.add(path, "want a single value")
		return nil, false
	case isNull(n):
		r.add(path, "has no value; write \"\" for an empty one")
		return nil, false
	case t == secretType:
		v, err := r.secret(n)
		if err != nil {
			r.add(path, "%v", err)
		}
		return v, err == nil
	}
	text, _, err := r.env.expand(n.Value)
	if err != nil {
		return nil, false // index has reported it
	}
	v, err := parse(text, t)
	if err != nil {
		r.add(path, "%v", err)
	}
	return v, err == nil
}

// untyped reads what a filter wants to see as it is.
func (r reader) untyped(n *yaml.Node, path string) (any, bool) {
	switch n.Kind {
	case yaml.MappingNode:
		return r.free(n, reflect.TypeFor[map[string]any](), path)
	case yaml.SequenceNode:
		return r.list(n, reflect.TypeFor[[]any](), path)
	}
	if text, names, err := r.env.expand(n.Value); len(names) > 0 && err == nil {
		return text, true
	}
	var v any
	if err := n.Decode(&v); err != nil {
		r.add(path, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil, false
	}
	return v, v != nil
}
