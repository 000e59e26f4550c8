package guest

import (
	"context"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// hostFunc is a host function: stack holds its arguments and gets its result. It may use the
// guest's memory through in.bytes only, never calls the guest, and says by in.spend what it
// costs beyond hostFuel.
type hostFunc func(in *instance, stack []uint64)

// hostFuel is what each call of a host function costs; each 16 bytes that it moves cost 1 more.
const hostFuel = 50

// maxEarly is what a start function may spend in host functions: the host can't reach the
// counter that its own code is charged to.
const maxEarly = 100_000

// function is a host function with its type.
type function struct {
	params, results []api.ValueType
	capability      string
	run             hostFunc
}

// functions are all that guests may import, by module and name.
func functions() map[string]map[string]function {
	own := map[string]function{}
	runs := hostFunctions()
	for _, f := range abi.Functions() {
		g := function{capability: f.Capability, run: runs[f.Name]}
		for _, p := range f.Params {
			g.params = append(g.params, api.ValueType(p))
		}
		if f.Result != 0 {
			g.results = []api.ValueType{api.ValueType(f.Result)}
		}
		own[f.Name] = g
	}
	return map[string]map[string]function{abi.Module: own, wasiModule: wasiFunctions(), "env": {"abort": abort()}}
}

func hostFunctions() map[string]hostFunc {
	return map[string]hostFunc{
		"sql": sqlText, "digest": digestHex, "digest_text": digestText,
		"table": table, "table_access": tableAccess, "function": functionName,
		"clause": clause, "place": place, "place_name": placeName,
		"param": param, "param_type": paramType, "column": column, "column_type": columnType,
		"session_str": sessionString, "attribute": attribute, "error_str": errorString,
		"config": configAll, "config_get": configGet,
		"match_new": matchNew, "match": match, "match_bytes": matchBytes,
		"state_get": stateGet, "state_set": stateSet,
		"kv_get": kvGet, "kv_set": kvSet, "kv_incr": kvIncr, "kv_delete": kvDelete, "rate": rate,
		"metric_def": metricDef, "metric_add": metricAdd, "log": logLine, "now_ns": nowNS,
	}
}

// bind makes what wazero calls of a host function.
func bind(name string, f hostFunc) api.GoFunction {
	return api.GoFunc(func(ctx context.Context, stack []uint64) {
		in := ctx.(*instance)
		in.host = name
		in.spend(hostFuel)
		f(in, stack)
		in.host = ""
	})
}

// provide gives a runtime those host functions that a module imports.
func provide(r wazero.Runtime, imports []api.FunctionDefinition) error {
	all := functions()
	modules := map[string]wazero.HostModuleBuilder{}
	done := map[string]bool{}
	for _, i := range imports {
		from, name, _ := i.Import()
		if done[from+"."+name] {
			continue
		}
		done[from+"."+name] = true
		if modules[from] == nil {
			modules[from] = r.NewHostModuleBuilder(from)
		}
		f := all[from][name]
		modules[from].NewFunctionBuilder().WithGoFunction(bind(name, f.run), f.params, f.results).Export(name)
	}
	for _, m := range modules {
		if _, err := m.Instantiate(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// spend takes fuel for the host's work; the guest traps if it has none left.
func (in *instance) spend(fuel uint64) {
	if in.fuel == nil {
		if in.early += min(fuel, maxEarly+1); in.early > maxEarly {
			panic(misuse("its start function has host functions do too much: leave that to " + abi.ExportConfigure))
		}
		return
	}
	left := int64(in.fuel.Get()) - int64(min(fuel, 1<<40))
	in.fuel.Set(uint64(left))
	if left < 0 {
		panic(errSpent)
	}
}

// bytes is a piece of the guest's memory. The guest traps if it does not have that.
func (in *instance) bytes(address, n uint64) []byte {
	b, ok := in.memory.view(uint32(address), uint32(n))
	if !ok {
		panic(misuse("out of bounds memory access by host function " + in.host))
	}
	return b
}

// input is a piece of the guest's memory that is at most most bytes long; nil and the answer
// TooLarge if it is longer.
func (in *instance) input(s []uint64, address, n uint64, most uint32) []byte {
	if uint32(n) > most {
		answer(s, abi.TooLarge)
		return nil
	}
	b := in.bytes(address, n)
	in.spend(uint64(len(b) / 16))
	return b
}

// give writes as much of a text as the guest has room for and answers with its full
// length. Room, address and offset are the last three arguments, from at on.
func give[T string | []byte](in *instance, s []uint64, at int, text T) {
	address, room, off := s[at], int(uint32(s[at+1])), int(uint32(s[at+2]))
	if off < len(text) && room > 0 {
		n := min(room, len(text)-off)
		dst := in.bytes(address, uint64(n))
		in.spend(uint64(n / 16))
		copy(dst, text[off:])
	}
	answer(s, len(text))
}

// answer gives an i32, which may be one of abi's negative answers.
func answer(s []uint64, n int) { s[0] = uint64(uint32(int32(n))) }
