package routing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// asked is an entry that was sent, under a token.
type asked struct {
	*entry
	id   int
	want target
	exec bool // as a prepared statement
	err  error
}

// trip sends the corpus of one file in one form.
type trip struct {
	t        *testing.T
	mode     pooling
	prepares bool
	db       *sql.DB
	next     *int
	sent     []asked
}

func TestStatementsOfSessionsOfTheirOwnGoWhereTheCorpusSays(t *testing.T) { routes(t, alone) }

func TestStatementsOnSharedConnectionsGoWhereTheCorpusSays(t *testing.T) { routes(t, shared) }

func routes(t *testing.T, mode pooling) {
	n := start(t)
	next := 0
	for _, f := range corpus(t) {
		t.Run(f.name, func(t *testing.T) {
			d := n.mesh(t, mode, f.router)
			var sent []asked
			for _, prepares := range []bool{false, true} {
				one := trip{t: t, mode: mode, prepares: prepares, db: driver(t, d.Addr), next: &next}
				for _, g := range f.groups {
					one.group(g)
				}
				sent = append(sent, one.sent...)
			}
			judge(t, n.sights(t), sent)
		})
	}
	n.unharmed(t)
}

// driver opens connections that are closed once they are given back.
func driver(t *testing.T, addr string) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", addr, user, user, "app"
	c.MultiStatements = true
	c.Logger = mute{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(-1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

type mute struct{}

func (mute) Print(...any) {}

// group sends the statements of one session.
func (r *trip) group(g group) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := r.db.Conn(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	for i := range g {
		e := &g[i]
		*r.next++
		one := asked{entry: e, id: *r.next, want: e.text}
		if r.mode == shared {
			one.want = e.shared
		}
		text := marked(e.sql, one.id)
		switch {
		case e.args != nil && !r.prepares:
			continue
		case r.prepares && !e.setup && !e.asText:
			one.exec, one.err = execute(ctx, c, text, e.args)
			switch {
			case one.exec && r.mode == shared:
				one.want = e.prepared
			case one.exec:
				one.want = e.pinned
			}
		default:
			one.err = query(ctx, c, text)
		}
		if e.setup && one.err != nil {
			r.t.Errorf("%s: %v", e.place(), one.err)
		}
		if !e.setup {
			r.sent = append(r.sent, one)
		}
	}
}

const (
	cannotPrepare = 1295 // this command is not supported in the prepared statement protocol yet
	ofDbmesh      = 1105
)

// execute runs a text as a prepared statement, or as text if it can't be prepared, as programs
// do. It says which.
func execute(ctx context.Context, c *sql.Conn, text string, args []any) (bool, error) {
	s, err := c.PrepareContext(ctx, text)
	if number(err) == cannotPrepare && args == nil {
		return false, query(ctx, c, text)
	}
	if err != nil {
		return true, err
	}
	defer s.Close()
	return true, drain(s.QueryContext(ctx, args...))
}

func query(ctx context.Context, c *sql.Conn, text string) error {
	return drain(c.QueryContext(ctx, text))
}

func drain(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for {
		for rows.Next() {
		}
		if !rows.NextResultSet() {
			return rows.Err()
		}
	}
}

func number(err error) int {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return int(e.Number)
	}
	return 0
}

// judge compares what the servers were sent with what should have been.
func judge(t *testing.T, seen map[int]sight, sent []asked) {
	t.Helper()
	for i := range sent {
		if wrong := sent[i].wrong(seen); wrong != "" {
			t.Error(wrong)
		}
		flipped := sent[i]
		switch flipped.want {
		case primary:
			flipped.want = replica
		case replica:
			flipped.want = primary
		default:
			continue
		}
		if len(seen[flipped.id].sent) > 0 && flipped.wrong(seen) == "" {
			t.Errorf("%s: nobody would notice if it ran on the %s", flipped.place(), flipped.want)
		}
	}
}

// wrong says what is wrong with where a statement ran, and how it ended; "" if nothing is.
func (a *asked) wrong(seen map[int]sight) string {
	form := "as text"
	if a.exec {
		form = "prepared"
	}
	got := seen[a.id]
	switch {
	case a.want == elsewhere:
	case a.want == refused:
		if number(a.err) != ofDbmesh || !strings.Contains(a.err.Error(), "dbmesh: ") || len(got.sent) > 0 {
			return fmt.Sprintf("%s %s is not refused: %v, sent to %v", a.place(), form, a.err, got.sent)
		}
	case (a.err != nil) != a.fails && (a.want == a.text || a.err != nil): // elsewhere it may succeed
		return fmt.Sprintf("%s %s: error %v", a.place(), form, a.err)
	case a.want == own:
		if len(got.sent) > 0 {
			return fmt.Sprintf("%s %s was sent to %v", a.place(), form, got.sent)
		}
	case a.want == primary && got.sent[replica]:
		return fmt.Sprintf("%s %s was sent to the replica", a.place(), form)
	case a.err != nil && a.exec && len(got.executed) == 0: // it could not be prepared, which MariaDB does not log
	case !got.executed[a.want] || len(got.executed) > 1:
		return fmt.Sprintf("%s %s ran on %v, want %s", a.place(), form, got.executed, a.want)
	}
	return ""
}
