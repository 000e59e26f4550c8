package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/pingcap/tidb/pkg/parser/ast"
)

// visitor copies what matters from a parsed statement into its facts.
type visitor struct {
	s       *statement
	scopes  [][]string              // the common table expressions in force, innermost last
	written map[*ast.TableName]bool // the tables that the statement changes
	read    map[*ast.TableName]bool // the tables that a definition only refers to
	skipped map[*ast.TableName]bool // names of tables that are named elsewhere
	defines bool                    // a table outside a query is changed
	queries int                     // how many queries enclose the place
}

// see takes the facts from a parsed statement.
func (s *statement) see(root ast.StmtNode) {
	v := &visitor{s: s, written: map[*ast.TableName]bool{}, read: map[*ast.TableName]bool{}, skipped: map[*ast.TableName]bool{}}
	switch n := root.(type) {
	case *ast.SelectStmt:
		s.facts.Where, s.facts.Limit = n.Where != nil, n.Limit != nil
	case *ast.SetOprStmt:
		s.facts.Limit = n.Limit != nil
	case *ast.UpdateStmt:
		s.facts.Where, s.facts.Limit = n.Where != nil, n.Limit != nil
	case *ast.DeleteStmt:
		s.facts.Where, s.facts.Limit = n.Where != nil, n.Limit != nil
	case *ast.AnalyzeTableStmt:
	case ast.DDLNode:
		v.defines = true
	}
	root.Accept(v)
}

// Enter sees a node before its children, and says whether they are to be left out.
func (v *visitor) Enter(node ast.Node) (ast.Node, bool) {
	f := &v.s.facts
	switch n := node.(type) {
	case *ast.SelectStmt:
		v.query(n)
	case *ast.SetOprStmt:
		v.open(n.With)
	case *ast.SetOprSelectList:
		v.open(n.With)
	case *ast.WithClause:
		v.with(n)
		return node, true
	case *ast.InsertStmt:
		v.insert(n)
		return node, true
	case *ast.UpdateStmt:
		v.open(n.With)
		v.update(n)
	case *ast.DeleteStmt:
		v.open(n.With)
		v.delete(n)
	case *ast.LoadDataStmt:
		v.written[n.Table] = true
	case *ast.ImportIntoStmt:
		v.written[n.Table] = true
	case *ast.OptimizeTableStmt:
		v.defines = true
	case *ast.ReferenceDef:
		v.read[n.Table] = true
	case *ast.CreateTableStmt:
		v.read[n.ReferTable] = true
	case *ast.TableName:
		v.table(n)
	case *ast.CallStmt: // its procedure is no function
		for _, e := range n.Procedure.Args {
			e.Accept(v)
		}
		return node, true
	case *ast.FuncCallExpr:
		v.call(n)
	case *ast.DefaultExpr:
		if n.Name != nil {
			v.s.calls("default")
		}
	case *ast.AggregateFuncExpr:
		v.s.calls(strings.ToLower(n.F))
	case *ast.WindowFuncExpr:
		v.s.calls(strings.ToLower(n.Name))
	case *ast.ColumnNameOrUserVar:
		if n.UserVar != nil {
			f.UserVarsSet = once(f.UserVarsSet, strings.ToLower(n.UserVar.Name))
			return node, true
		}
	case *ast.VariableExpr:
		v.variable(n)
	}
	return node, false
}

// Leave sees a node behind its children.
func (v *visitor) Leave(node ast.Node) (ast.Node, bool) {
	switch n := node.(type) {
	case *ast.SelectStmt:
		v.queries--
		v.close(n.With)
	case *ast.SetOprStmt:
		v.close(n.With)
	case *ast.SetOprSelectList:
		v.close(n.With)
	case *ast.UpdateStmt:
		v.close(n.With)
	case *ast.DeleteStmt:
		v.close(n.With)
	}
	return node, true
}

func (v *visitor) query(n *ast.SelectStmt) {
	f := &v.s.facts
	v.open(n.With)
	v.queries++
	if n.LockInfo != nil {
		f.Locking = f.Locking || n.LockInfo.LockType != ast.SelectLockNone
		for _, t := range n.LockInfo.Tables {
			v.skipped[t] = true
		}
	}
	if n.SelectIntoOpt != nil {
		f.Into = core.IntoFile
		if n.SelectIntoOpt.Tp == ast.SelectIntoVars {
			f.Into = core.IntoVariables
		}
	}
}

// open begins the scope of a WITH, which its expressions then fill; close ends it.
func (v *visitor) open(w *ast.WithClause) {
	if w != nil {
		v.scopes = append(v.scopes, nil)
	}
}

func (v *visitor) close(w *ast.WithClause) {
	if w != nil {
		v.scopes = v.scopes[:len(v.scopes)-1]
	}
}

// with visits common table expressions. One that is not recursive does not see itself: in
// WITH t AS (SELECT * FROM t) the inner t is a table.
func (v *visitor) with(w *ast.WithClause) {
	for _, c := range w.CTEs {
		top := len(v.scopes) - 1
		if w.IsRecursive {
			v.scopes[top] = append(v.scopes[top], c.Name.O)
		}
		c.Query.Accept(v)
		v.scopes[top] = append(v.scopes[top], c.Name.O)
	}
}

func (v *visitor) table(n *ast.TableName) {
	if v.skipped[n] || n.Schema.O == "" && v.expression(n.Name.O) {
		return
	}
	v.s.names(core.Table{Schema: n.Schema.O, Name: n.Name.O, Writes: v.written[n] || v.defines && v.queries == 0 && !v.read[n]})
}

// expression says whether the name is a common table expression's. Letters count: where a
// server tells T from t, the other one is a table.
func (v *visitor) expression(name string) bool {
	for _, scope := range v.scopes {
		for _, n := range scope {
			if n == name {
				return true
			}
		}
	}
	return false
}

func (v *visitor) call(n *ast.FuncCallExpr) {
	name := n.FnName.L
	switch name { // how the parser calls what it knows from a keyword
	case "insert_func", "char_func", "default_func":
		name = strings.TrimSuffix(name, "_func")
	case "json_memberof", ast.DateLiteral, ast.TimeLiteral, ast.TimestampLiteral: // not written as calls
		return
	case ast.NextVal, ast.SetVal:
		v.sequence(n)
	}
	if n.Schema.L != "" {
		name = n.Schema.L + "." + name
	}
	if name == "json_table" { // that of a FROM is no expression: this is a stored function
		v.s.facts.Functions = once(v.s.facts.Functions, name)
	}
	v.s.calls(name)
}

// sequence notes that the call changes the sequence that it names.
func (v *visitor) sequence(n *ast.FuncCallExpr) {
	if v.s.facts.Access == core.AccessRead {
		v.s.facts.Access = core.AccessWrite
	}
	if len(n.Args) > 0 {
		if t, ok := n.Args[0].(*ast.TableNameExpr); ok {
			v.written[t.Name] = true
			return
		}
	}
	v.s.opaque("the sequence's name is not plain")
}

func (v *visitor) variable(n *ast.VariableExpr) {
	f := &v.s.facts
	name := strings.ToLower(n.Name)
	switch {
	case n.IsSystem:
		f.SystemVarsRead = once(f.SystemVarsRead, name)
	case n.Value != nil:
		f.UserVarsSet = once(f.UserVarsSet, name)
	default:
		f.UserVarsRead = once(f.UserVarsRead, name)
	}
}
