package config

import (
	"fmt"
	"reflect"

	"github.com/dbmesh/dbmesh/core"
	"go.yaml.in/yaml/v3"
)

// links makes the specs of one chain. A link may be just its kind.
func (r reader) links(chain *yaml.Node, path string) []core.Spec {
	list := child(chain, "links")
	if list == nil || isNull(list) {
		r.add(join(path, "links"), "has no links")
		return nil
	}
	if list.Kind != yaml.SequenceNode {
		r.add(join(path, "links"), "want a list")
		return nil
	}
	var specs []core.Spec
	taken := make(map[string]string)
	for i, n := range list.Content {
		at := fmt.Sprintf("%s.links[%d]", path, i)
		spec := r.link(dealias(n), at)
		if first, twice := taken[spec.Name]; twice && spec.Name != "" {
			r.add(at, "is called %q like %s; give one of them a name", spec.Name, first)
		}
		taken[spec.Name] = at
		specs = append(specs, spec)
	}
	return specs
}

func (r reader) link(n *yaml.Node, path string) core.Spec {
	var keys linkKeys
	switch n.Kind {
	case yaml.MappingNode:
		for _, f := range fieldsOf(reflect.TypeFor[linkKeys]()) {
			if v := child(n, f.name); v != nil {
				text, _ := r.scalar(dealias(v), f.typ, join(path, f.name))
				keys.set(f.name, text)
			}
		}
	case yaml.ScalarNode:
		text, _ := r.scalar(n, reflect.TypeFor[string](), path)
		keys.set("kind", text)
	}
	if keys.Kind == "" {
		r.add(path, "needs a kind, such as \"kind: auth\"")
	}
	if keys.Name == "" {
		keys.Name = keys.Kind
	}
	policy, err := core.ParsePolicy(keys.OnFailure)
	if err != nil {
		r.add(join(path, "on_failure"), "is %q, want closed, open or quarantine", keys.OnFailure)
	}
	return core.Spec{Name: keys.Name, Kind: keys.Kind, OnFailure: policy, Decode: r.decoder(n, path)}
}

func (k *linkKeys) set(name string, v any) {
	text, _ := v.(string)
	switch name {
	case "kind":
		k.Kind = text
	case "name":
		k.Name = text
	case "on_failure":
		k.OnFailure = text
	}
}

// decoder gives the filter its own part of the link. It may be called later, from any
// goroutine, and reads nothing but what Load has read.
func (r reader) decoder(n *yaml.Node, path string) core.Decode {
	doc := r.document
	return func(into any) error {
		p := &problems{where: doc.where}
		t := reflect.TypeOf(into)
		if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
			return fmt.Errorf("a filter's config is decoded into a pointer to a struct, not %T", into)
		}
		if n.Kind != yaml.MappingNode {
			return nil // only the kind: nothing to fill in
		}
		v, ok := reader{doc, p}.structure(n, t.Elem(), path, fieldsOf(reflect.TypeFor[linkKeys]())...)
		if err := p.err(nil); err != nil {
			return err
		}
		if !ok {
			return nil
		}
		return fill(v.(map[string]any), into)
	}
}

func dealias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// child gives the value of a key, nil if it isn't there.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return dealias(n.Content[i+1])
		}
	}
	return nil
}
