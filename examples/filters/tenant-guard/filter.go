// Command tenant-guard is a filter that keeps each tenant to its own rows: it adds a predicate
// to statements, and denies those to which it can't.
package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/filter-sdk/dbmesh"
)

var (
	guarded *dbmesh.Patterns
	column  string
	prefix  string // of user names; the rest is the tenant's number
	inserts bool

	names *dbmesh.Patterns // the column's name
)

func init() {
	dbmesh.OnConfigure(configure)
	dbmesh.OnQuery(guard)
	dbmesh.OnPrepare(guard)
}

func configure(c dbmesh.Config) error {
	guarded = dbmesh.TableGlobs(c.Strings("tables")...)
	column = c.String("column", "tenant_id")
	prefix = c.String("user_prefix", "tenant_")
	inserts = c.Bool("inserts", false)
	names = dbmesh.LiteralsFold(column)
	for _, b := range []byte(column) {
		if b != '_' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			return errors.New("column must be a plain name")
		}
	}
	return nil
}

func guard(q dbmesh.Query) dbmesh.Verdict {
	if q.Opaque() {
		return deny("the statement is not understood for sure")
	}
	if !q.Match(guarded) {
		return dbmesh.Pass
	}
	number, ok := strings.CutPrefix(q.User(), prefix)
	if _, err := strconv.ParseUint(number, 10, 63); !ok || err != nil {
		return deny("the user's name does not say which tenant it is")
	}
	switch q.Kind() {
	case dbmesh.Select, dbmesh.Update, dbmesh.Delete:
		return restrict(q, column+" = "+number)
	case dbmesh.Insert:
		if inserts && names.Match(q.SQL()) && !reads(q) {
			return dbmesh.Pass
		}
	}
	return deny(q.Kind().String() + " can't be kept to one tenant's rows")
}

// reads says whether rows of a guarded table go into another one.
func reads(q dbmesh.Query) bool {
	for t := range q.Tables() {
		if !t.Written() && guarded.Match(t.String()) {
			return true
		}
	}
	return false
}

// restrict adds the predicate if the statement has one place where it must be.
func restrict(q dbmesh.Query, predicate string) dbmesh.Verdict {
	sql := q.SQL()
	where, whereEnd, has := q.Clause(dbmesh.ClauseWhere)
	begin, end, ok := q.Clause(dbmesh.ClauseFrom) // the part that names the statement's own tables
	switch {
	case ok:
	case q.Kind() == dbmesh.Update && has:
		begin, end = 0, where
	default:
		return deny("it needs a FROM, or a WHERE")
	}
	places := 0
	for p := range q.Places() {
		inside := p.Start >= begin && p.End <= end
		if inside {
			places++
		} else if guarded.Match(p.Table()) {
			return deny("it names a guarded table outside its own FROM")
		}
	}
	own := sql[begin:end]
	if places != 1 || ok && strings.ContainsAny(own, "(,") || contains(own, "join") {
		return deny("its FROM is more than one table's name")
	}
	if !ok && names.Match(own) {
		return deny("it changes " + column)
	}
	if !has {
		return dbmesh.Rewrite(sql[:end] + " WHERE " + predicate + sql[end:])
	}
	condition := where + len("WHERE")
	return dbmesh.Rewrite(sql[:condition] + " (" + sql[condition:whereEnd] + ") AND " + predicate + sql[whereEnd:])
}

func contains(text, word string) bool { return strings.Contains(strings.ToLower(text), word) }

func deny(why string) dbmesh.Verdict {
	return dbmesh.Deny(1142, "42000", "tenant-guard: "+why)
}

func main() {}
