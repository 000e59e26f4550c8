// Command go-facts is a guest that decides by facts alone, with the SDK.
package main

import "github.com/dbmesh/dbmesh/filter-sdk/dbmesh"

func init() { dbmesh.OnQuery(check) }

func check(q dbmesh.Query) dbmesh.Verdict {
	switch q.Kind() {
	case dbmesh.Update, dbmesh.Delete:
		if !q.HasWhere() {
			return dbmesh.DenyMessage("a write without WHERE is blocked")
		}
	}
	return dbmesh.Pass
}

func main() {}
