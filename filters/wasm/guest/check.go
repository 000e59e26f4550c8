package guest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// contents is what dbmesh needs to know of a module's exports.
type contents struct {
	exported  uint16 // hooks, as bits
	describes bool   // it has dbmesh_hooks
	memory    int64  // bytes to begin with
}

// check compares a module's imports and exports with what dbmesh gives and needs. granted
// nil allows every capability.
func check(m wazero.CompiledModule, granted map[string]bool) (contents, error) {
	if err := checkImports(m.ImportedFunctions(), granted); err != nil {
		return contents{}, err
	}
	memory, ok := m.ExportedMemories()["memory"]
	if !ok {
		return contents{}, fmt.Errorf("it exports no memory named %q: is it a filter at all?", "memory")
	}
	c, err := checkExports(m.ExportedFunctions())
	c.memory = int64(memory.Min()) * pageSize
	return c, err
}

func checkImports(imports []api.FunctionDefinition, granted map[string]bool) error {
	all, missing := functions(), map[string]string{} // capabilities, and what needs them
	for _, i := range imports {
		from, name, _ := i.Import()
		f, ok := all[from][name]
		switch {
		case ok:
		case from == abi.Module:
			return fmt.Errorf("it imports %s.%s, which this dbmesh does not have: it has minor revision %d", from, name, abi.Minor)
		case from == wasiModule:
			return fmt.Errorf("it imports %s.%s, and guests have no files, network or arguments: they may import %s", from, name, listNames(all[from]))
		case strings.HasPrefix(from, "dbmesh_"):
			return fmt.Errorf("it imports from %s, and this dbmesh has %s: use a newer dbmesh or an older SDK", from, abi.Module)
		default:
			return fmt.Errorf("it imports %s.%s, and guests may import from %s and %s only", from, name, abi.Module, wasiModule)
		}
		if !slices.Equal(i.ParamTypes(), f.params) || !slices.Equal(i.ResultTypes(), f.results) {
			return fmt.Errorf("it imports %s.%s as %s, but that is %s", from, name,
				signature(i.ParamTypes(), i.ResultTypes()), signature(f.params, f.results))
		}
		if f.capability != "" && granted != nil && !granted[f.capability] {
			if _, told := missing[f.capability]; !told {
				missing[f.capability] = from + "." + name
			}
		}
	}
	return ungranted(missing)
}

// ungranted tells of capabilities that are missing, all at once; each with one function that
// needs it.
func ungranted(missing map[string]string) error {
	var functions []string
	capabilities := slices.Sorted(maps.Keys(missing))
	for _, c := range capabilities {
		functions = append(functions, missing[c])
	}
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("it imports %s, which needs the capability %s: grant it in the config", functions[0], capabilities[0])
	}
	return fmt.Errorf("it imports %s, which need the capabilities %s: grant them in the config",
		strings.Join(functions, ", "), strings.Join(capabilities, ", "))
}

func checkExports(exports map[string]api.FunctionDefinition) (c contents, err error) {
	i, l := []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI64}
	for _, e := range []struct {
		name     string
		results  []api.ValueType
		required bool
	}{
		{abi.ExportInitialize, nil, false}, {abi.ExportVersion, i, true}, {abi.ExportBlock, i, true},
		{abi.ExportConfigure, l, false}, {abi.ExportHooks, l, false},
	} {
		if err := checkExport(exports, e.name, nil, e.results, e.required); err != nil {
			return c, err
		}
	}
	_, c.describes = exports[abi.ExportHooks]
	for h, name := range abi.HookNames() {
		if err := checkExport(exports, name, i, l, false); err != nil {
			return c, err
		}
		if _, ok := exports[name]; ok {
			c.exported |= 1 << h
		}
	}
	if !c.describes {
		for name := range exports {
			if strings.HasPrefix(name, "on_") && !slices.Contains(hookNames(), name) {
				return c, fmt.Errorf("it exports %s, which is no hook of %s: they are %s", name, abi.Module, strings.Join(hookNames(), ", "))
			}
		}
	}
	if c.exported == 0 {
		return c, fmt.Errorf("it exports no hook: they are %s", strings.Join(hookNames(), ", "))
	}
	return c, nil
}

func checkExport(exports map[string]api.FunctionDefinition, name string, params, results []api.ValueType, required bool) error {
	f, ok := exports[name]
	switch {
	case !ok && required:
		return fmt.Errorf("it exports no function %s: is it a filter for %s?", name, abi.Module)
	case ok && (!slices.Equal(f.ParamTypes(), params) || !slices.Equal(f.ResultTypes(), results)):
		return fmt.Errorf("it exports %s as %s, but that must be %s", name,
			signature(f.ParamTypes(), f.ResultTypes()), signature(params, results))
	}
	return nil
}

func hookNames() []string {
	all := abi.HookNames()
	return all[:]
}

func listNames(all map[string]function) string {
	var list []string
	for name := range all {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func signature(params, results []api.ValueType) string {
	list := func(types []api.ValueType) string {
		var all []string
		for _, t := range types {
			all = append(all, api.ValueTypeName(t))
		}
		return "(" + strings.Join(all, ", ") + ")"
	}
	return list(params) + " -> " + list(results)
}
