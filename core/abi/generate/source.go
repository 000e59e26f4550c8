package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"sort"
	"strings"
	"unicode"

	"github.com/dbmesh/dbmesh/core/abi"
)

// source is core/abi as its files say it.
type source struct {
	groups    []group
	lists     []list
	functions []function
}

// list is names by their number.
type list struct {
	prefix string
	names  []string
}

// group is one const declaration with its comment, in lines without signs.
type group struct {
	comment []string
	values  []value
}

// value is one constant. Its comment is what stands behind or above it.
type value struct {
	name, comment string
	number        int64
	text          string // if it is a string
	isText        bool
}

// function is a host function with named parameters.
type function struct {
	abi.Function
	names []string // of the parameters, in snake_case
	about string   // the rest of its Doc
}

// read takes the files by name: abi.go is the first.
func read(dir string) (*source, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}}
	if _, err := (&types.Config{}).Check("abi", fset, parsed, info); err != nil {
		return nil, err
	}
	s := &source{}
	for _, file := range parsed {
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				s.add(g, info)
			}
		}
	}
	s.named("Kinds of statement, of AtKind.", "Kind", abi.Kinds())
	s.named("What a statement does, of AtAccess.", "Access", abi.Accesses())
	hooks := abi.HookNames()
	s.lists = append(s.lists, list{"Hook", hooks[:]})
	for _, f := range abi.Functions() {
		named, err := withNames(f)
		if err != nil {
			return nil, err
		}
		s.functions = append(s.functions, named)
	}
	return s, nil
}

// add takes a declaration, but for the encoding of types, which guests have no use for.
func (s *source) add(g *ast.GenDecl, info *types.Info) {
	out := group{comment: lines(g.Doc.Text())}
	for _, spec := range g.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		comment := strings.Join(lines(v.Comment.Text()), " ")
		if comment == "" {
			comment = strings.Join(lines(v.Doc.Text()), " ")
		}
		for _, name := range v.Names {
			c, ok := info.Defs[name].(*types.Const)
			if !ok || strings.HasSuffix(c.Type().String(), ".ValueType") {
				continue
			}
			one := value{name: name.Name, comment: comment}
			if c.Val().Kind() == constant.String {
				one.text, one.isText = constant.StringVal(c.Val()), true
			} else {
				one.number, _ = constant.Int64Val(c.Val())
			}
			out.values = append(out.values, one)
		}
	}
	if len(out.values) > 0 {
		s.groups = append(s.groups, out)
	}
}

// named adds numbers that core/abi has as a list of names.
func (s *source) named(comment, prefix string, names []string) {
	s.lists = append(s.lists, list{prefix, names})
	g := group{comment: []string{comment}}
	for i, name := range names {
		title := strings.ToUpper(name[:1]) + name[1:]
		if name == "xa" {
			title = "XA"
		}
		g.values = append(g.values, value{name: prefix + title, number: int64(i), comment: name})
	}
	s.groups = append(s.groups, g)
}

func lines(comment string) []string {
	comment = strings.TrimSpace(comment)
	if comment == "" {
		return nil
	}
	return strings.Split(comment, "\n")
}

// withNames takes the parameters' names from the Doc: "(key ptr, key len, off): what it does".
func withNames(f abi.Function) (function, error) {
	inside, about, ok := strings.Cut(strings.TrimPrefix(f.Doc, "("), "): ")
	out := function{Function: f, about: about}
	if ok && inside != "" {
		for name := range strings.SplitSeq(inside, ",") {
			out.names = append(out.names, strings.ReplaceAll(strings.TrimSpace(name), " ", "_"))
		}
	}
	if !ok || len(out.names) != len(f.Params) {
		return out, fmt.Errorf("%s has %d parameters; its text names %q", f.Name, len(f.Params), out.names)
	}
	return out, nil
}

// use is what a parameter of a host function is for.
type use byte

const (
	plain  use = iota
	input      // a pointer to what the host reads
	length     // how many bytes an input has
	output     // a pointer to where the host writes
)

func (f function) use(i int) use {
	name := f.names[i]
	switch {
	case strings.HasSuffix(name, "ptr") && i+1 < len(f.names) && f.names[i+1] == "cap":
		return output
	case strings.HasSuffix(name, "ptr"):
		return input
	case i > 0 && f.use(i-1) == input:
		return length
	}
	return plain
}

// snake turns a Go name into words of upper-case letters: AtSQLLength is AT_SQL_LENGTH.
func snake(name string) string {
	runes := []rune(name)
	var out strings.Builder
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) {
			after := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if unicode.IsLower(runes[i-1]) || after {
				out.WriteByte('_')
			}
		}
		out.WriteRune(unicode.ToUpper(r))
	}
	return out.String()
}
