package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/config"
)

// Whatever the bytes, Load gives a config whose links can be decoded, or errors that name
// their file; it never panics.
func FuzzLoad(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.test")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		text, _, _ := strings.Cut(string(data), divider)
		f.Add([]byte(text))
	}
	f.Add([]byte(chain + "        users: [{name: x, password: '${X}'}]\n        free: {a: [1, ~]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "file:") {
			t.Skip("may name any file of this machine")
		}
		c, err := config.Load(config.Source{Path: "x.yaml", Text: text, Env: []string{"X=1", "DBMESH_LOG__LEVEL=info"}})
		if err != nil {
			var all *config.Errors
			if !errors.As(err, &all) || len(all.List) == 0 {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if len(c.Listeners) == 0 || len(c.Pools) == 0 || len(c.Chains) == 0 {
			t.Fatal("a config without a listener, a pool or a chain")
		}
		for _, chain := range c.Chains {
			for _, l := range chain.Links {
				var into everything
				c.Explain(chain.Name, l.Decode(&into))
			}
		}
		if err := config.Compare(c, c); err != nil {
			t.Fatal(err)
		}
	})
}
