package admin_test

import (
	"fmt"
	"testing"

	"github.com/dbmesh/dbmesh/core/admin"
)

func TestUserFiltersAreShown(t *testing.T) {
	s := open(t, newProcess(), func(o *admin.Options) {
		o.Filters = func() any { return map[string]any{"filters": []string{"no-where"}} }
	})
	if doc := document(t, s, "/api/v1/filters"); fmt.Sprint(doc["filters"]) != "[no-where]" {
		t.Error(doc)
	}
	if doc := document(t, open(t, newProcess(), nil), "/api/v1/filters"); fmt.Sprint(doc["filters"]) != "[]" {
		t.Error(doc)
	}
}
