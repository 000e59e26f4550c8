// Command no-where is a filter that blocks an UPDATE or DELETE of a whole table.
package main

import "github.com/dbmesh/dbmesh/filter-sdk/dbmesh"

var (
	allowed *dbmesh.Patterns // tables that may be emptied
	limited bool             // a LIMIT is as good as a WHERE

	immediate = dbmesh.Regexps("^execute `?immediate")

	// A WHERE that is true of every row: WHERE 1, WHERE 1 = 1, WHERE true.
	idle = dbmesh.Regexps(`\bwhere \(*(\?|true|not false)\)*( (=|<=>|>=|<=) \(*(\?|true)\)*)?($| order | limit | returning )`)
)

func init() {
	dbmesh.OnConfigure(configure)
	dbmesh.OnQuery(check)
	dbmesh.OnPrepare(check)
}

func configure(c dbmesh.Config) error {
	allowed = dbmesh.TableGlobs(c.Strings("allow")...)
	limited = c.Bool("limit_is_enough", false)
	return nil
}

func check(q dbmesh.Query) dbmesh.Verdict {
	switch q.Kind() {
	case dbmesh.Update, dbmesh.Delete:
		if q.Opaque() {
			return dbmesh.DenyMessage("no-where: this write is not understood for sure; write it more plainly")
		}
		selective := q.HasWhere() && !q.MatchDigest(idle)
		if selective || limited && q.HasLimit() || q.Match(allowed) {
			return dbmesh.Pass.Cacheable()
		}
		return dbmesh.DenyMessage("no-where: " + q.Kind().String() + " without a WHERE that selects rows is blocked").Cacheable()
	case dbmesh.Execute:
		if q.Opaque() && !q.MatchDigest(immediate) {
			return dbmesh.Pass // of a statement that was judged when it was prepared
		}
		fallthrough
	case dbmesh.Prepare, dbmesh.Multi:
		if q.Opaque() || q.Writes() { // text in a text, which can't be seen into
			return dbmesh.DenyMessage("no-where: a write inside PREPARE or EXECUTE IMMEDIATE is blocked; send it as it is")
		}
	}
	return dbmesh.Pass
}

func main() {}
