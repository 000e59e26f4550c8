package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tables are the package variables that are neither errors nor patterns: filled where
// they are declared and read-only from then on.
func tables() []string {
	return []string{
		"cmd/dbmesh verbs",
		"cmd/dbmesh release",            // the linker sets it
		"cmd/dbmesh/scaffold sdk",       // an embed
		"cmd/dbmesh/scaffold templates", // an embed
		"core accessNames",
		"core codeNames",
		"core consistencyNames",
		"core decisionNames",
		"core effectNames",
		"core sideNames",
		"core sizeUnits",
		"core stateNames",
		"core statementNames",
		"core transactionNames",
		"core/backend modeNames",
		"core/config chainType",
		"core/config linksType",
		"core/config secretType",
		"core/config textType",
		"core/proxy questions",
		"core/state collations",
		"core/stmt catalogueTables",
		"core/stmt causes",
		"core/stmt classes",
		"core/stmt flavourNames",
		"core/stmt harmlessSince",
		"core/stmt leading",
		"core/stmt nameless",
		"core/stmt native",
		"core/stmt openers",
		"core/stmt parsers", // spare ones, which hold nothing
		"core/stmt reserved",
		"core/stmt spaced",
		"core/stmt understoodSince",
		"core/stmt variables",
		"filters/wasm/guest kindNames",
		"filters/wasm/guest opNames",
	}
}

func TestPackagesHaveNoStateAndNoInit(t *testing.T) {
	allowed, used := tables(), map[string]bool{}
	for dir, paths := range packages(t) {
		if strings.HasPrefix(dir, "tests/") {
			continue
		}
		var parsed []*ast.File
		for _, path := range paths {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root(t), path), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
		}
		for i, file := range parsed {
			if hasInit(file) {
				t.Errorf("%s has an init", paths[i])
			}
			for _, name := range variables(file) {
				used[dir+" "+name] = true
				if !slices.Contains(allowed, dir+" "+name) {
					t.Errorf("%s: the package variable %s is neither an error nor a pattern nor in this test's list of tables", paths[i], name)
				}
				if assigned(parsed, name) {
					t.Errorf("%s: the table %s is written to", paths[i], name)
				}
			}
		}
	}
	for _, name := range allowed {
		if !used[name] {
			t.Errorf("the list of tables has %s, which is not there", name)
		}
	}
}

func hasInit(file *ast.File) bool {
	return slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == "init"
	})
}

// variables names the package variables of a file that need a reason to be.
func variables(file *ast.File) []string {
	var all []string
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || isError(v.Type) {
				continue
			}
			for i, name := range v.Names {
				if name.Name != "_" && (i >= len(v.Values) || !constant(v.Values[i])) {
					all = append(all, name.Name)
				}
			}
		}
	}
	return all
}

func isError(declared ast.Expr) bool {
	id, ok := declared.(*ast.Ident)
	return ok && id.Name == "error"
}

// constant is a value that nobody changes: a sentinel error or a compiled pattern.
func constant(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := f.X.(*ast.Ident)
	return ok && slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile"}, pkg.Name+"."+f.Sel.Name)
}

// assigned says whether some function of the package writes to the variable.
func assigned(files []*ast.File, name string) bool {
	found := false
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok || a.Tok == token.DEFINE {
				return true
			}
			for _, left := range a.Lhs {
				if index, ok := left.(*ast.IndexExpr); ok {
					left = index.X
				}
				if id, ok := left.(*ast.Ident); ok && id.Name == name {
					found = true
				}
			}
			return true
		})
	}
	return found
}
