package cases

import (
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// fresh is the session of a case that says nothing of it.
func fresh() Session {
	return Session{
		User: "app", Schema: "shop", Address: "192.0.2.7:50123", Listener: "default", Pool: "backends", Autocommit: true,
	}
}

func (r *reader) session(n *yaml.Node, key string, s *Session) {
	r.mapping(n, key,
		field{"user", r.text(&s.User)}, field{"schema", r.text(&s.Schema)},
		field{"address", func(n *yaml.Node, key string) {
			r.text(&s.Address)(n, key)
			_, err := Address(s.Address)
			if err != nil {
				r.wrong(n, key, "is %s, want an address such as 10.0.0.7 or 10.0.0.7:50123, or unix", shape(n))
			}
		}},
		field{"attributes", func(n *yaml.Node, key string) {
			s.Attributes = maps.Clone(s.Attributes)
			if s.Attributes == nil {
				s.Attributes = map[string]string{}
			}
			r.pairs(n, key, func(name string, n *yaml.Node, key string) {
				var value string
				r.text(&value)(n, key)
				s.Attributes[name] = value
			})
		}},
		field{"listener", r.text(&s.Listener)}, field{"pool", r.text(&s.Pool)},
		field{"tls", r.flag(&s.TLS)}, field{"transaction", r.flag(&s.Transaction)},
		field{"autocommit", r.flag(&s.Autocommit)},
	)
}

// Address reads a client's address; unix is none. Without a port it has 50123.
func Address(text string) (netip.AddrPort, error) {
	if text == "unix" || text == "" {
		return netip.AddrPort{}, nil
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a, nil
	}
	a, err := netip.ParseAddr(text)
	return netip.AddrPortFrom(a, 50123), err
}

// one reads a case: base is what the file says for all steps.
func (r *reader) one(n *yaml.Node, key string, base Step) Case {
	c := Case{Line: n.Line}
	var steps *yaml.Node
	single := base
	r.mapping(n, key, append(r.step(&single),
		field{"name", r.text(&c.Name)},
		field{"config", r.values(&c.Config)},
		field{"steps", func(n *yaml.Node, _ string) { steps = n }})...)
	if steps == nil {
		r.whole(n, key, &single)
		c.Steps = []Step{single}
		return c
	}
	if single.SQL != "" || single.Want.Line > 0 {
		r.wrong(n, key, "has sql or want beside steps: each step has its own")
	}
	r.list(steps, join(key, "steps"), func(n *yaml.Node, key string) {
		step := Step{Session: single.Session, MaxFuel: single.MaxFuel, MaxMemory: single.MaxMemory}
		r.mapping(n, key, r.step(&step)...)
		r.whole(n, key, &step)
		single.Session = step.Session
		c.Steps = append(c.Steps, step)
	})
	if len(c.Steps) == 0 {
		r.wrong(steps, join(key, "steps"), "there is none")
	}
	return c
}

// step gives the keys that a step may have.
func (r *reader) step(st *Step) []field {
	st.Hook = abi.HookQuery
	return []field{
		{"hook", func(n *yaml.Node, key string) { r.hook(n, key, &st.Hook) }},
		{"sql", r.text(&st.SQL)},
		{"params", func(n *yaml.Node, key string) { r.params(n, key, &st.Params) }},
		{"columns", func(n *yaml.Node, key string) { r.columns(n, key, &st.Answer.Columns) }},
		{"error", func(n *yaml.Node, key string) { st.Answer.Err = r.failure(n, key) }},
		{"rows", r.count(&st.Answer.Rows)}, {"affected", r.count(&st.Answer.Affected)},
		{"latency", r.duration(&st.Answer.Latency)},
		{"wait", r.duration(&st.Wait)},
		{"session", func(n *yaml.Node, key string) { r.session(n, key, &st.Session) }},
		{"want", func(n *yaml.Node, key string) {
			log := st.Want.Log
			st.Want = r.want(n, key)
			st.Want.Log = log
		}},
		{"log", func(n *yaml.Node, key string) { st.Want.Log = r.texts(n, key) }},
		{"max_fuel", r.count(&st.MaxFuel)},
		{"max_memory", r.size(&st.MaxMemory)},
	}
}

func (r *reader) hook(n *yaml.Node, key string, into *abi.Hook) {
	names := abi.HookNames()
	at := slices.Index(names[:], n.Value)
	if at < 0 {
		r.wrong(n, key, "is %s, want one of %s", shape(n), strings.Join(names[:], ", "))
		return
	}
	*into = abi.Hook(at)
}

// whole checks what belongs together in a step.
func (r *reader) whole(n *yaml.Node, key string, st *Step) {
	if n.Kind != yaml.MappingNode {
		return // that is told already
	}
	st.Line = n.Line
	is := func(hooks ...abi.Hook) bool { return slices.Contains(hooks, st.Hook) }
	switch {
	case st.SQL == "" && is(abi.HookQuery, abi.HookPrepare, abi.HookExecute, abi.HookInitDB):
		r.wrong(n, join(key, "sql"), "is missing; or say which other hook is asked")
	case st.Params != nil && !is(abi.HookExecute):
		r.wrong(n, join(key, "params"), "go with hook: on_execute")
	case st.Answer.Columns != nil && !is(abi.HookQuery, abi.HookExecute, abi.HookColumns):
		r.wrong(n, join(key, "columns"), "go with on_query, on_execute and on_columns")
	case st.Answer.Columns == nil && is(abi.HookColumns):
		r.wrong(n, join(key, "columns"), "is missing")
	case st.Answer.Err == nil && is(abi.HookError):
		r.wrong(n, join(key, "error"), "is missing: the backend's, such as 1062")
	case st.Answer.Err != nil && is(abi.HookSession, abi.HookSessionEnd, abi.HookTick, abi.HookColumns):
		r.wrong(n, join(key, "error"), "does not go with %s", st.Hook)
	case st.Answer.Err != nil && st.Answer.Columns != nil:
		r.wrong(n, join(key, "error"), "stands beside columns: a backend answers with one of them")
	}
}

func (r *reader) failure(n *yaml.Node, key string) *core.Error {
	e := &core.Error{State: "HY000"}
	code := r.number(1, math.MaxUint16, func(i int64) { e.Code = uint16(i) })
	if n.Kind == yaml.ScalarNode {
		code(n, key)
		return e
	}
	r.mapping(n, key, field{"code", code}, field{"message", r.text(&e.Message)},
		field{"state", func(n *yaml.Node, key string) {
			if r.text(&e.State)(n, key); len(e.State) != 5 {
				r.wrong(n, key, "is %s, want five characters, such as HY000", shape(n))
			}
		}})
	if e.Code == 0 && n.Kind == yaml.MappingNode {
		r.wrong(n, join(key, "code"), "is missing, want a whole number from 1 to 65535")
	}
	return e
}
