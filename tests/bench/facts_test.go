//go:build linux

package main

import (
	"context"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/router"
)

// classifier is what the proxy gives its sessions.
type classifier struct{ *stmt.Classifier }

func (k classifier) Classify(c *core.Command) *core.Facts {
	m := stmt.Mode{Flavour: stmt.MariaDB, Version: 101119, Charset: stmt.CharsetUTF8}
	return k.Classifier.Classify(m, c.SQL, c.Truncated())
}

func (classifier) Ranges(*core.Command) (core.Ranges, bool) { return core.Ranges{}, false }

func (classifier) Texts(*core.Command) ([]core.Range, bool) { return nil, false }

// BenchmarkRouter is the pass of a point select through a chain whose router has no rules,
// and through one that decides by the statement's facts.
func BenchmarkRouter(b *testing.B) {
	for name, config := range map[string]string{"plain": "{}", "facts": "{rules: [{when: {read_safe: true}, pool: readers}]}"} {
		b.Run(name, func(b *testing.B) { pass(b, config) })
	}
}

func pass(b *testing.B, config string) {
	builder := core.Builder{Registry: core.Registry{"router": router.Kind(nil, nil)}}
	chain, err := builder.Build("bench", []core.Spec{{Name: "router", Kind: "router", Decode: coretest.Decode(config)}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(chain.Discard)
	s := coretest.Session(func(s *core.Session) {
		s.Pools = coretest.NewPools(coretest.Pool("main", 1), coretest.Pool("readers", 1))
		s.Classifier = classifier{stmt.NewClassifier(0)}
	})
	ctx := context.Background()
	chain.Connect(ctx, s)
	var c core.Command
	var o core.Outcome
	sql := []byte("SELECT c FROM sbtest1 WHERE id=1234")
	b.ReportAllocs()
	for b.Loop() {
		c.Reset(s, core.Query, sql, len(sql)+1, false)
		if v := chain.Command(ctx, &c); v.Reply() != nil {
			b.Fatal(v.Reply())
		}
		chain.Done(&c, &o)
	}
	if want := map[string]string{"{}": "main"}[config]; c.Pool != want && want != "" || want == "" && c.Pool != "readers" {
		b.Fatalf("the command goes to %s", c.Pool)
	}
}
