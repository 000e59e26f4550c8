// Command mask-columns is a filter that hides values of columns from those who need not see them.
package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/filter-sdk/dbmesh"
)

// rule says what becomes of one column.
type rule struct {
	tables      *dbmesh.Patterns
	column      string // lower case
	mask        func(column int) dbmesh.ColumnMask
	except      []string // users that see it
	mentionedBy *dbmesh.Patterns
}

var (
	rules  []rule
	strict bool
)

func init() {
	dbmesh.OnConfigure(configure)
	dbmesh.OnColumns(mask)
}

func configure(c dbmesh.Config) error {
	rules, strict = nil, c.Bool("strict", true)
	for i := 0; c.Has("rules." + strconv.Itoa(i)); i++ {
		at := "rules." + strconv.Itoa(i) + "."
		r := rule{
			tables: dbmesh.TableGlobs(c.String(at+"table", "")),
			column: strings.ToLower(c.String(at+"column", "")),
			except: c.Strings(at + "except"),
		}
		r.mentionedBy = dbmesh.LiteralsFold(r.column)
		value := c.String(at+"value", "")
		first, last := c.Int(at+"first", 0), c.Int(at+"last", 0)
		switch by := c.String(at+"by", "null"); by {
		case "null":
			r.mask = dbmesh.MaskNull
		case "constant":
			r.mask = func(n int) dbmesh.ColumnMask { return dbmesh.MaskConstant(n, value) }
		case "hash":
			r.mask = func(n int) dbmesh.ColumnMask { return dbmesh.MaskHash(n, value) }
			if value == "" {
				return errors.New(at + "value: a hash needs a key, or anybody can guess what is behind it")
			}
		case "keep":
			r.mask = func(n int) dbmesh.ColumnMask { return dbmesh.MaskKeep(n, first, last) }
		default:
			return errors.New(at + "by is " + strconv.Quote(by) + ", want null, constant, hash or keep")
		}
		rules = append(rules, r)
	}
	return nil
}

func mask(result dbmesh.Result) dbmesh.Verdict {
	var masks []dbmesh.ColumnMask
	user := result.User()
	for column := range result.Columns() {
		if r := applying(result, column, user); r != nil {
			masks = append(masks, r.mask(column.Index()))
		} else if strict && column.Origin() == "" && mentions(result, user) {
			masks = append(masks, dbmesh.MaskNull(column.Index()))
		}
	}
	return dbmesh.Mask(masks...)
}

// applying is the first rule for a column of a table.
func applying(result dbmesh.Result, column dbmesh.Column, user string) *rule {
	origin := strings.ToLower(column.Origin())
	for i := range rules {
		r := &rules[i]
		if r.column == origin && !slices.Contains(r.except, user) &&
			r.tables.Match(column.Schema()+"."+column.TableOrigin()) {
			return r
		}
	}
	return nil
}

// mentions says whether the statement names a hidden column of one of its tables. The value
// of an expression in its result may then be made of it.
func mentions(result dbmesh.Result, user string) bool {
	for i := range rules {
		r := &rules[i]
		if !slices.Contains(r.except, user) && result.Match(r.tables) && result.Match(r.mentionedBy) {
			return true
		}
	}
	return false
}

func main() {}
