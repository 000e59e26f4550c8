package stmt

import "github.com/pingcap/tidb/pkg/parser/ast"

// insert visits in the order of the text.
func (v *visitor) insert(n *ast.InsertStmt) {
	for _, t := range sources(n.Table.TableRefs) {
		v.written[t.table] = true
	}
	n.Table.Accept(v)
	for _, list := range n.Lists {
		for _, e := range list {
			e.Accept(v)
		}
	}
	if n.Select != nil {
		n.Select.Accept(v)
	}
	for _, a := range n.OnDuplicate {
		a.Accept(v)
	}
}

// source is a table of a FROM, with the name by which the statement calls it.
type source struct {
	table *ast.TableName
	alias string
}

func (s source) named(schema, name ast.CIStr) bool {
	if schema.L != "" {
		return s.table.Schema.L == schema.L && s.table.Name.L == name.L
	}
	return s.alias == name.L
}

// sources are the tables of a join, without those inside its subqueries.
func sources(n ast.ResultSetNode) []source {
	switch n := n.(type) {
	case *ast.Join:
		if n == nil {
			return nil
		}
		return append(sources(n.Left), sources(n.Right)...)
	case *ast.TableSource:
		if t, ok := n.Source.(*ast.TableName); ok {
			alias := n.AsName.L
			if alias == "" {
				alias = t.Name.L
			}
			return []source{{t, alias}}
		}
		return sources(n.Source)
	}
	return nil
}

// update marks the tables whose columns are set; a column without its table may be any's.
func (v *visitor) update(n *ast.UpdateStmt) {
	for _, t := range sources(n.TableRefs.TableRefs) {
		for _, a := range n.List {
			if a.Column.Table.L == "" || t.named(a.Column.Schema, a.Column.Table) {
				v.written[t.table] = true
			}
		}
	}
}

func (v *visitor) delete(n *ast.DeleteStmt) {
	all := sources(n.TableRefs.TableRefs)
	if n.Tables == nil {
		for _, t := range all {
			v.written[t.table] = true
		}
		return
	}
	for _, target := range n.Tables.Tables {
		for _, t := range all {
			if t.named(target.Schema, target.Name) {
				v.written[t.table] = true
				v.skipped[target] = true
			}
		}
		v.written[target] = true // a name that no table of the statement has
	}
}
