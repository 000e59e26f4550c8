package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
)

// assemblyScript has the names of the C header without their prefix.
func assemblyScript(s *source) string {
	var out strings.Builder
	fmt.Fprintf(&out, "// %s\n", generated)
	for _, g := range s.groups {
		out.WriteByte('\n')
		comment(&out, g.comment, "// ", "// ", "")
		for _, v := range g.values {
			fmt.Fprintf(&out, "export const %s: %s;", snake(v.name), scriptValue(v))
			if v.comment != "" {
				fmt.Fprintf(&out, " // %s", v.comment)
			}
			out.WriteByte('\n')
		}
	}
	out.WriteString("\n// The host functions. A module imports those that it calls.\n")
	for _, f := range s.functions {
		fmt.Fprintf(&out, "\n// %s\n@external(%q, %q)\nexport declare function host_%s(", f.about, abi.Module, f.Name, f.Name)
		for i, name := range f.names {
			if i > 0 {
				out.WriteString(", ")
			}
			kind := shortNumber(f.Params[i])
			if u := f.use(i); u == input || u == output {
				kind = "usize"
			}
			fmt.Fprintf(&out, "%s: %s", name, kind)
		}
		result := "void"
		if f.Result != 0 {
			result = shortNumber(f.Result)
		}
		fmt.Fprintf(&out, "): %s;\n", result)
	}
	return out.String()
}

func scriptValue(v value) string {
	switch {
	case v.isText:
		return "string = " + strconv.Quote(v.text)
	case v.number < 0:
		return fmt.Sprintf("i32 = %d", v.number)
	}
	return fmt.Sprintf("u32 = %d", v.number)
}
