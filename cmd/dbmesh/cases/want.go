package cases

import (
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dbmesh/dbmesh/core"
)

// want reads what a step shall come to: a verdict's name, or keys and values.
func (r *reader) want(n *yaml.Node, key string) Want {
	w := Want{Line: n.Line}
	if n.Kind == yaml.ScalarNode {
		r.verdict(n, key, &w.Verdict)
		return w
	}
	reply := func() *core.Reply {
		if w.Reply == nil {
			w.Reply = &core.Reply{}
		}
		return w.Reply
	}
	r.mapping(n, key,
		field{"verdict", func(n *yaml.Node, key string) { r.verdict(n, key, &w.Verdict) }},
		field{"code", r.number(1, math.MaxUint16, func(i int64) { w.Code = uint16(i) })},
		field{"state", r.text(&w.State)},
		field{"message", r.text(&w.Message)},
		field{"sql", func(n *yaml.Node, key string) { w.SQL = new(string); r.text(w.SQL)(n, key) }},
		field{"pool", r.text(&w.Pool)},
		field{"backend", r.text(&w.Backend)},
		field{"columns", func(n *yaml.Node, key string) { reply().Columns = r.texts(n, key) }},
		field{"rows", func(n *yaml.Node, key string) { reply().Rows = r.rows(n, key) }},
		field{"affected", func(n *yaml.Node, key string) { r.count(&reply().Affected)(n, key) }},
		field{"insert_id", func(n *yaml.Node, key string) { r.count(&reply().InsertID)(n, key) }},
		field{"info", func(n *yaml.Node, key string) { r.text(&reply().Info)(n, key) }},
		field{"masks", func(n *yaml.Node, key string) { w.Masks = r.masks(n, key) }},
		field{"cacheable", func(n *yaml.Node, key string) { w.Cacheable = new(bool); r.flag(w.Cacheable)(n, key) }},
	)
	r.consistent(n, key, &w)
	return w
}

func (r *reader) verdict(n *yaml.Node, key string, into *string) {
	if n.Kind != yaml.ScalarNode || !slices.Contains(Verdicts(), n.Value) {
		r.wrong(n, key, "is %s, want one of %s", shape(n), strings.Join(Verdicts(), ", "))
		return
	}
	*into = n.Value
}

// consistent finds the verdict that the other keys mean where none is said, and refuses keys
// that the verdict can't have.
func (r *reader) consistent(n *yaml.Node, key string, w *Want) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		fits := map[string][]string{
			"code": {"deny", "disconnect"}, "state": {"deny", "disconnect"}, "message": {"deny", "disconnect", "fault"},
			"sql": {"rewrite"}, "pool": {"route", "rewrite"}, "backend": {"route", "rewrite"},
			"columns": {"reply"}, "rows": {"reply"}, "affected": {"ok"}, "insert_id": {"ok"}, "info": {"ok"},
			"masks": {"mask", "rewrite", "route", "pass"},
		}[name]
		if w.Verdict == "" && len(fits) > 0 {
			w.Verdict = fits[0]
		}
		if len(fits) > 0 && !slices.Contains(fits, w.Verdict) {
			r.wrong(n.Content[i], join(key, name), "does not go with the verdict %s, only with %s", w.Verdict, strings.Join(fits, ", "))
		}
	}
}

func (r *reader) texts(n *yaml.Node, key string) []string {
	all := []string{}
	add := func(n *yaml.Node, key string) {
		var s string
		r.text(&s)(n, key)
		all = append(all, s)
	}
	if n.Kind == yaml.ScalarNode {
		add(n, key)
	} else {
		r.list(n, key, add)
	}
	return all
}

// rows reads a reply's rows. Values are compared as text; null is NULL.
func (r *reader) rows(n *yaml.Node, key string) [][][]byte {
	all := [][][]byte{}
	r.list(n, key, func(n *yaml.Node, key string) {
		row := [][]byte{}
		r.list(n, key, func(n *yaml.Node, key string) {
			var value []byte
			if n.Kind != yaml.ScalarNode {
				r.wrong(n, key, "is %s, want one value", shape(n))
			} else if n.Tag != "!!null" {
				value = append([]byte{}, n.Value...)
			}
			row = append(row, value)
		})
		all = append(all, row)
	})
	return all
}

// masks reads, by column, a way to mask, or {constant: TEXT} or {keep: [FIRST, LAST]}.
func (r *reader) masks(n *yaml.Node, key string) map[string]Mask {
	all := map[string]Mask{}
	r.pairs(n, key, func(name string, n *yaml.Node, key string) {
		var m Mask
		switch {
		case n.Kind == yaml.MappingNode:
			r.mapping(n, key,
				field{"constant", func(n *yaml.Node, key string) {
					r.text(&m.Value)(n, key)
					m.By, m.Exact = core.MaskConstant, true
				}},
				field{"keep", func(n *yaml.Node, key string) {
					var keep []int
					r.list(n, key, func(n *yaml.Node, key string) {
						r.number(0, 255, func(i int64) { keep = append(keep, int(i)) })(n, key)
					})
					if m.By, m.Exact = core.MaskKeep, true; len(keep) != 2 {
						r.wrong(n, key, "want two numbers: how many characters stay at the beginning and at the end")
						return
					}
					m.First, m.Last = keep[0], keep[1]
				}})
		case n.Tag == "!!null" || n.Value == "null":
		case n.Value == "hash":
			m.By = core.MaskHash
		case n.Value == "constant":
			m.By = core.MaskConstant
		case n.Value == "keep":
			m.By = core.MaskKeep
		default:
			r.wrong(n, key, "is %s, want null, hash, constant, keep, {constant: TEXT} or {keep: [FIRST, LAST]}", shape(n))
		}
		all[name] = m
	})
	return all
}
