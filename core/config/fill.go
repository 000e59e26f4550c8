package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
	"go.yaml.in/yaml/v3"
)

// read turns the file and what lies over it into settings.
func (c *Config) read(src Source, p *problems) error {
	r := reader{c.doc, p}
	tree := make(map[string]any)
	if c.doc.root != nil {
		if v, ok := r.value(c.doc.root, reflect.TypeFor[core.Settings](), ""); ok {
			tree = v.(map[string]any)
		}
	}
	for _, key := range Keys() {
		if key.Default != "" {
			setDefault(tree, key)
		}
	}
	k := koanf.New(".") // a new one each time: loading merges, so removed keys would stay
	if err := k.Load(confmap.Provider(tree, ""), nil); err != nil {
		return err
	}
	if err := (overrides{p, c.doc.used, c.origins}).load(k, src); err != nil {
		return err
	}
	if err := unmarshal(k, &c.Settings); err != nil {
		return err
	}
	c.chains(r)
	return nil
}

// setDefault puts a key's default where the file says nothing, in each element of a list.
func setDefault(tree map[string]any, key Key) {
	value, err := parse(key.Default, typeOf(key.Path))
	if err != nil {
		panic("default of " + key.Path + " " + err.Error()) // a test reads them all
	}
	at := []map[string]any{tree}
	parts := strings.Split(key.Path, ".")
	for _, part := range parts[:len(parts)-1] {
		var next []map[string]any
		for _, m := range at {
			next = append(next, inside(m, part)...)
		}
		at = next
	}
	for _, m := range at {
		if _, ok := m[parts[len(parts)-1]]; !ok {
			m[parts[len(parts)-1]] = value
		}
	}
}

// inside gives the maps that one part of a path leads to.
func inside(m map[string]any, part string) []map[string]any {
	name, list := strings.CutSuffix(part, "[]")
	if !list {
		if _, ok := m[name]; !ok {
			m[name] = make(map[string]any)
		}
		return []map[string]any{m[name].(map[string]any)}
	}
	var out []map[string]any
	elements, _ := m[name].([]any)
	for _, e := range elements {
		if e, ok := e.(map[string]any); ok {
			out = append(out, e)
		}
	}
	return out
}

// fill decodes a filter's part of the config into its struct. What the struct holds
// already is the filter's default.
func fill(tree map[string]any, into any) error {
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(tree, ""), nil); err != nil {
		return err
	}
	return unmarshal(k, into)
}

func unmarshal(k *koanf.Koanf, into any) error {
	return k.UnmarshalWithConf("", into, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		TagName: "koanf", ErrorUnused: true, ZeroFields: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(mapstructure.TextUnmarshallerHookFunc(), wrapSecret),
	}})
}

func wrapSecret(_, to reflect.Type, v any) (any, error) {
	if text, ok := v.(string); ok && to == secretType {
		return core.NewSecret(text), nil
	}
	return v, nil
}

// chains fills in the links, which core keeps as specs.
func (c *Config) chains(r reader) {
	list := child(c.doc.root, "chains")
	for i := range c.Chains {
		path := fmt.Sprintf("chains[%d]", i)
		if list == nil || i >= len(list.Content) { // the key is there twice
			return
		}
		if node := dealias(list.Content[i]); node.Kind == yaml.MappingNode {
			c.Chains[i].Links = r.links(node, path)
		}
	}
}
