// Command rate-limit is a filter that bounds how many statements a user sends.
package main

import (
	"errors"
	"strconv"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/dbmesh"
)

type limit struct {
	statements int
	per        time.Duration
}

var (
	standard limit
	users    map[string]limit

	refused = dbmesh.NewCounter("refused")
)

func init() {
	dbmesh.OnConfigure(configure)
	dbmesh.OnQuery(check)
	dbmesh.OnExecute(check)
}

func configure(c dbmesh.Config) error {
	var err error
	if standard, err = read(c, ""); err != nil {
		return err
	}
	users = map[string]limit{}
	for i := 0; ; i++ {
		at := "users." + strconv.Itoa(i) + "."
		if !c.Has(at + "name") {
			return nil
		}
		if users[c.String(at+"name", "")], err = read(c, at); err != nil {
			return err
		}
	}
}

func read(c dbmesh.Config, at string) (limit, error) {
	l := limit{c.Int(at+"statements", 100), c.Duration(at+"per", time.Second)}
	if l.statements < 1 || l.per < time.Millisecond {
		return l, errors.New(at + "statements and " + at + "per must be positive")
	}
	return l, nil
}

func check(q dbmesh.Query) dbmesh.Verdict {
	switch q.Kind() {
	case dbmesh.Commit, dbmesh.Rollback: // never keep locks longer than need be
		return dbmesh.Pass
	}
	user := q.User()
	l, ok := users[user]
	if !ok {
		l = standard
	}
	if dbmesh.Rate(user, l.statements, l.per) {
		return dbmesh.Pass
	}
	refused.Inc()
	return dbmesh.Deny(1226, "42000", "rate-limit: "+user+" has sent more than "+strconv.Itoa(l.statements)+
		" statements within "+l.per.String()+"; try again later")
}

func main() {}
