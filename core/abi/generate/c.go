package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
)

// cHeader has DBMESH_ before each constant and dbmesh_host_ before each host function.
func cHeader(s *source) string {
	var out strings.Builder
	fmt.Fprintf(&out, "/* %s */\n#ifndef DBMESH_ABI_H\n#define DBMESH_ABI_H\n\n#include <stdint.h>\n", generated)
	for _, g := range s.groups {
		out.WriteByte('\n')
		comment(&out, g.comment, "/* ", " * ", " */")
		for _, v := range g.values {
			fmt.Fprintf(&out, "#define DBMESH_%s %s", snake(v.name), cLiteral(v))
			if v.comment != "" {
				fmt.Fprintf(&out, " /* %s */", v.comment)
			}
			out.WriteByte('\n')
		}
	}
	out.WriteString("\n/* The host functions. A module imports those that it calls. */\n" +
		"#define DBMESH_IMPORT(name) __attribute__((import_module(DBMESH_MODULE), import_name(name)))\n")
	for _, f := range s.functions {
		fmt.Fprintf(&out, "\n/* %s */\nDBMESH_IMPORT(%q) %s dbmesh_host_%s(", f.about, f.Name, cNumber(f.Result), f.Name)
		for i, name := range f.names {
			if i > 0 {
				out.WriteString(", ")
			}
			switch f.use(i) {
			case input:
				fmt.Fprintf(&out, "const void *%s", name)
			case output:
				fmt.Fprintf(&out, "void *%s", name)
			default:
				fmt.Fprintf(&out, "%s %s", cNumber(f.Params[i]), name)
			}
		}
		if len(f.names) == 0 {
			out.WriteString("void")
		}
		out.WriteString(");\n")
	}
	out.WriteString("\n#endif\n")
	return out.String()
}

func cLiteral(v value) string {
	switch {
	case v.isText:
		return strconv.Quote(v.text)
	case v.number < 0:
		return fmt.Sprintf("(%d)", v.number)
	case v.number > math.MaxInt32:
		return fmt.Sprintf("%du", v.number)
	}
	return strconv.FormatInt(v.number, 10)
}

func cNumber(t abi.ValueType) string {
	switch t {
	case abi.I32:
		return "int32_t"
	case abi.I64:
		return "int64_t"
	case abi.F64:
		return "double"
	}
	return "void"
}

// comment writes lines with a sign before each.
func comment(out *strings.Builder, lines []string, first, next, end string) {
	if len(lines) == 0 {
		return
	}
	out.WriteString(first + strings.Join(lines, "\n"+next) + end + "\n")
}
