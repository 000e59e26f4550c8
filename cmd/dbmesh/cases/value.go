package cases

import (
	"encoding/base64"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dbmesh/dbmesh/core"
)

// params reads an execute's parameters. What each is sent as follows from how it is
// written: 7, 1.5, "a", null, !!binary and 2026-11-22.
func (r *reader) params(n *yaml.Node, key string, into *[]core.Param) {
	*into = []core.Param{}
	r.list(n, key, func(n *yaml.Node, key string) {
		p := core.Param{Type: core.ParamText, Text: []byte(n.Value)}
		if n.Kind != yaml.ScalarNode {
			r.wrong(n, key, "is %s, want one value", shape(n))
			return
		}
		switch n.Tag {
		case "!!null":
			p = core.Param{Type: core.ParamNull}
		case "!!bool":
			p = core.Param{Type: core.ParamInt, Text: []byte("0")}
			if strings.EqualFold(n.Value, "true") {
				p.Text = []byte("1")
			}
		case "!!int":
			p.Type = core.ParamInt
		case "!!float":
			p.Type = core.ParamFloat
		case "!!timestamp":
			p.Type = core.ParamTime
		case "!!binary":
			b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
			if err != nil {
				r.wrong(n, key, "is no base64: %v", err)
			}
			p = core.Param{Type: core.ParamBytes, Text: b}
		}
		*into = append(*into, p)
	})
}

const (
	charsetUTF8MB4 = 45
	charsetBinary  = 63
)

// typeOf gives MySQL's number of a column type and the collation that its values have.
func typeOf(name string) (number byte, charset uint16, ok bool) {
	switch strings.ToLower(name) {
	case "varchar":
		return 253, charsetUTF8MB4, true
	case "char", "enum", "set":
		return 254, charsetUTF8MB4, true
	case "text":
		return 252, charsetUTF8MB4, true
	case "blob":
		return 252, charsetBinary, true
	case "varbinary":
		return 253, charsetBinary, true
	case "json":
		return 245, charsetUTF8MB4, true
	case "tinyint", "bool":
		return 1, charsetBinary, true
	case "smallint":
		return 2, charsetBinary, true
	case "int":
		return 3, charsetBinary, true
	case "bigint":
		return 8, charsetBinary, true
	case "float":
		return 4, charsetBinary, true
	case "double":
		return 5, charsetBinary, true
	case "decimal":
		return 246, charsetBinary, true
	case "date":
		return 10, charsetBinary, true
	case "time":
		return 11, charsetBinary, true
	case "datetime":
		return 12, charsetBinary, true
	case "timestamp":
		return 7, charsetBinary, true
	}
	return 0, 0, false
}

// columns reads a result's columns: names, or keys and values.
func (r *reader) columns(n *yaml.Node, key string, into *[]core.Column) {
	r.list(n, key, func(n *yaml.Node, key string) {
		c := core.Column{Type: 253, Charset: charsetUTF8MB4, Length: 1020}
		if n.Kind == yaml.ScalarNode {
			r.text(&c.Name)(n, key)
		} else {
			r.mapping(n, key,
				field{"name", r.text(&c.Name)}, field{"org_name", r.text(&c.OrgName)},
				field{"table", r.text(&c.Table)}, field{"org_table", r.text(&c.OrgTable)},
				field{"schema", r.text(&c.Schema)},
				field{"type", func(n *yaml.Node, key string) {
					var ok bool
					if c.Type, c.Charset, ok = typeOf(n.Value); !ok {
						r.wrong(n, key, "is %s, want a column's type such as varchar, int or datetime", shape(n))
					}
				}})
		}
		if !has(n, "org_name") { // an expression has one that is empty
			c.OrgName = c.Name
		}
		if !has(n, "org_table") {
			c.OrgTable = c.Table
		}
		*into = append(*into, c)
	})
}

// has says whether a mapping has the key.
func has(n *yaml.Node, key string) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}
