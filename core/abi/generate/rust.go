package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
)

// rust is items only, so that it can be a module of its own or be included in one. What a
// filter leaves unused is no warning if the module says allow(dead_code).
func rust(s *source) string {
	var out strings.Builder
	fmt.Fprintf(&out, "// %s\n", generated)
	for _, g := range s.groups {
		out.WriteByte('\n')
		comment(&out, g.comment, "// ", "// ", "")
		for _, v := range g.values {
			if v.comment != "" {
				fmt.Fprintf(&out, "/// %s\n", v.comment)
			}
			fmt.Fprintf(&out, "pub const %s: %s;\n", snake(v.name), rustValue(v))
		}
	}
	fmt.Fprintf(&out, "\n// The host functions. A module imports those that it calls.\n#[link(wasm_import_module = %q)]\nextern \"C\" {\n", abi.Module)
	for _, f := range s.functions {
		fmt.Fprintf(&out, "    /// %s\n    #[link_name = %q]\n    pub fn host_%s(", f.about, f.Name, f.Name)
		for i, name := range f.names {
			if i > 0 {
				out.WriteString(", ")
			}
			switch f.use(i) {
			case input:
				fmt.Fprintf(&out, "%s: *const u8", name)
			case output:
				fmt.Fprintf(&out, "%s: *mut u8", name)
			default:
				fmt.Fprintf(&out, "%s: %s", name, shortNumber(f.Params[i]))
			}
		}
		out.WriteString(")")
		if f.Result != 0 {
			out.WriteString(" -> " + shortNumber(f.Result))
		}
		out.WriteString(";\n")
	}
	out.WriteString("}\n")
	return out.String()
}

func rustValue(v value) string {
	switch {
	case v.isText:
		return "&str = " + strconv.Quote(v.text)
	case v.number < 0:
		return fmt.Sprintf("i32 = %d", v.number)
	}
	return fmt.Sprintf("u32 = %d", v.number)
}

func shortNumber(t abi.ValueType) string {
	switch t {
	case abi.I64:
		return "i64"
	case abi.F64:
		return "f64"
	}
	return "i32"
}
