package main

import (
	"fmt"
	"go/format"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
)

const generated = "Code generated from core/abi by core/abi/generate. DO NOT EDIT."

// goConstants is the package abi of the SDK.
func goConstants(s *source) (string, error) {
	var out strings.Builder
	fmt.Fprintf(&out, "// %s\n\n// Package abi has the numbers of dbmesh_v1, for those who write a guest without package dbmesh,\n"+
		"// and for tests. They are dbmesh's own: no number that was released ever changes.\npackage abi\n", generated)
	for _, g := range s.groups {
		out.WriteByte('\n')
		for _, line := range g.comment {
			fmt.Fprintf(&out, "// %s\n", line)
		}
		out.WriteString("const (\n")
		for _, v := range g.values {
			fmt.Fprintf(&out, "%s = %s", v.name, v.literal())
			if v.comment != "" {
				fmt.Fprintf(&out, " // %s", v.comment)
			}
			out.WriteByte('\n')
		}
		out.WriteString(")\n")
	}
	for _, n := range s.lists {
		fmt.Fprintf(&out, "\n// %sName is what core/abi calls the number; unknown numbers are \"unknown\".\nfunc %sName(n int) string {\n"+
			"names := [...]string{%s}\nif n < 0 || n >= len(names) {\nreturn \"unknown\"\n}\nreturn names[n]\n}\n",
			n.prefix, n.prefix, quoted(n.names))
	}
	return formatted(out.String())
}

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strconv.Quote(name)
	}
	return strings.Join(all, ", ")
}

func (v value) literal() string {
	if v.isText {
		return strconv.Quote(v.text)
	}
	return strconv.FormatInt(v.number, 10)
}

// goImports declares the host functions. The linker leaves out those that nobody calls, so a
// module imports what it uses.
func goImports(s *source) (string, error) {
	var out strings.Builder
	fmt.Fprintf(&out, "// %s\n\n//go:build wasip1\n\npackage host\n\nimport \"unsafe\"\n", generated)
	for _, f := range s.functions {
		fmt.Fprintf(&out, "\n// %s is (%s): %s.\n//\n//go:wasmimport %s %s\n//go:noescape\nfunc %s(",
			title(f.Name), strings.Join(f.names, ", "), f.about, abi.Module, f.Name, title(f.Name))
		for i, name := range f.names {
			if f.use(i) == length {
				continue // a string is both
			}
			if i > 0 {
				out.WriteString(", ")
			}
			fmt.Fprintf(&out, "%s %s", camel(name, f.use(i)), goType(f, i))
		}
		out.WriteString(")")
		if f.Result != 0 {
			out.WriteString(" " + goNumber(f.Result))
		}
		out.WriteByte('\n')
	}
	return formatted(out.String())
}

func goType(f function, i int) string {
	switch f.use(i) {
	case input:
		return "string"
	case output:
		return "unsafe.Pointer"
	}
	if name := f.names[i]; name == "cap" || name == "off" {
		return "uint32"
	}
	return goNumber(f.Params[i])
}

func goNumber(t abi.ValueType) string {
	switch t {
	case abi.I64:
		return "int64"
	case abi.F64:
		return "float64"
	}
	return "int32"
}

// title is the Go name of a host function, camel that of a parameter.
func title(name string) string {
	var out strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		switch word {
		case "sql", "kv":
			word = strings.ToUpper(word)
		default:
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		out.WriteString(word)
	}
	return out.String()
}

func camel(name string, u use) string {
	if u == input {
		if name = strings.TrimSuffix(strings.TrimSuffix(name, "ptr"), "_"); name == "" {
			return "text"
		}
	}
	switch name {
	case "cap":
		return "room"
	case "ttl_ms":
		return "ttlMillis"
	case "per_ms":
		return "perMillis"
	}
	return name
}

func formatted(text string) (string, error) {
	out, err := format.Source([]byte(text))
	return string(out), err
}
