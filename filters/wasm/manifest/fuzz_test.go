package manifest_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
)

// FuzzManifest reads texts as manifests and as settings: none panics, and an error names the file.
func FuzzManifest(f *testing.F) {
	f.Add("name: a\nabi: dbmesh_v1\nhooks: [on_query]\ncapabilities: [kv]\nconfig: {a: {type: list, of: string, default: [x]}}\n")
	f.Add("limits: {fuel: 1_000, memory: 1MiB, tick: 1s}\ncases: [{sql: SELECT 1, want: pass}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := manifest.Parse("x.yaml", []byte(text))
		if err != nil && !strings.HasPrefix(err.Error(), "x.yaml") {
			t.Errorf("the error does not name the file: %v", err)
		}
		s, err := manifest.ParseSettings("y.yaml", []byte(text))
		if err != nil && !strings.HasPrefix(err.Error(), "y.yaml") {
			t.Errorf("the error does not name the file: %v", err)
		}
		if m != nil && s != nil {
			_ = m.Config.Check(s.Values)
			_, _ = m.Config.Complete(s.Values)
		}
	})
}
