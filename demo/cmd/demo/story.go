package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/demo/backends"
)

// entryWait is how long a command's slow-log line may take to arrive.
const entryWait = 2 * time.Second

// story sends the traffic, one command at a time, and has each shown.
type story struct {
	ctx   context.Context
	out   *screen
	s     *sidecar
	chain []string
	pools map[string]string // that the router's rules about commands name
	at    *tally
	open  []*sql.DB
}

func newStory(ctx context.Context, out *screen, s *sidecar) (*story, error) {
	chain, err := s.chain(ctx)
	if err != nil {
		return nil, err
	}
	at, err := s.tally(ctx)
	if err != nil {
		return nil, err
	}
	return &story{ctx: ctx, out: out, s: s, chain: chain, pools: at.targets(), at: at}, nil
}

func (st *story) close() {
	for _, db := range st.open {
		_ = db.Close()
	}
}

// tell is the traffic.
func (st *story) tell() error {
	demo, err := st.login("An application logs in; dbmesh verifies it and dials a backend", backends.User, backends.Password)
	if err != nil {
		return err
	}
	for _, step := range steps() {
		if err := st.run(demo, backends.User, step.why, step.sql); err != nil {
			return err
		}
	}
	for i := range 2 {
		why := ""
		if i == 0 {
			why = "Reporting has a rule: the readers serve it, each session one of them"
		}
		report, err := st.login(why, "reporting", "reporting")
		if err != nil {
			return err
		}
		if err := st.run(report, "reporting", "", "SELECT backend_name(), COUNT(*), SUM(quantity) FROM orders"); err != nil {
			return err
		}
	}
	return st.refused("Who can't prove a password gets no further than dbmesh", backends.User, "guess")
}

type step struct{ why, sql string }

// steps are the statements of an application that is at home on the writer.
func steps() []step {
	return []step{
		{"Reads go to a reader: the router has a rule for what may run on a replica", "SELECT name, price FROM products WHERE id = 2"},
		{"", "SELECT name, price FROM products WHERE id = 5"},
		{"The same shape for the third time: what is known of it is kept", "SELECT name, price FROM products WHERE id = 9"},
		{"A report that takes long, on a reader too", "SELECT c.city, COUNT(*), SLEEP(0.3) FROM customers c WHERE c.id = 1 GROUP BY c.city"},
		{"Writes stay on the writer, and so do reads that lock rows", "INSERT INTO orders (customer_id, product_id, quantity, ordered_at) VALUES (7, 2, 1, NOW())"},
		{"", "UPDATE products SET stock = stock - 1 WHERE id = 2"},
		{"", "SELECT stock FROM products WHERE id = 2 FOR UPDATE"},
		{"A transaction stays where it began, with all its reads", "BEGIN"},
		{"", "SELECT stock FROM products WHERE id = 2"},
		{"", "COMMIT"},
		{"", "SELECT stock FROM products WHERE id = 2"},
		{"A read that must not be late: a hint comes before the rules", "/* dbmesh:pool=writers */ SELECT stock FROM products WHERE id = 2"},
		{"Errors: the backend's own, and one by a filter that no backend sees", "SELECT * FROM prices"},
		{"", "/* dbmesh:pool=archive */ SELECT * FROM orders"},
		{"A session that has set something stays with it: the readers know nothing of @vat", "SET @vat = 1.25"},
		{"", "SELECT name, price FROM products WHERE id = 2"},
	}
}

// login opens one connection, which shows the connection phase.
func (st *story) login(why, user, password string) (*sql.Conn, error) {
	began := time.Now()
	conn, err := st.connect(user, password)
	if err != nil {
		return nil, fmt.Errorf("log in as %s: %w", user, err)
	}
	return conn, st.shown(why, entry{User: user, Total: time.Since(began).Seconds()}, "logs in", "welcome")
}

func (st *story) refused(why, user, password string) error {
	began := time.Now()
	_, err := st.connect(user, password)
	if err == nil {
		return errors.New("a wrong password was taken")
	}
	e := entry{User: user, Error: err.Error(), Total: time.Since(began).Seconds()}
	return st.shown(why, e, "logs in with a wrong password", problem(err))
}

func (st *story) connect(user, password string) (*sql.Conn, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", st.s.client, user, password, backends.Schema
	c.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	st.open = append(st.open, db)
	return db.Conn(st.ctx)
}

// run sends one statement and shows it when its slow-log line has come. A statement that
// a filter has answered or refused has none.
func (st *story) run(conn *sql.Conn, user, why, statement string) error {
	began := time.Now()
	reply, err := ask(st.ctx, conn, statement)
	took := time.Since(began)
	if err != nil {
		var said *mysql.MySQLError
		if !errors.As(err, &said) {
			return fmt.Errorf("%s: %w", statement, err)
		}
		reply = problem(err)
	}
	e := entry{User: user, Error: errorText(err), Total: took.Seconds()}
	deadline := time.After(entryWait)
	for waiting := !deniedByFilter(err); waiting; {
		select {
		case got := <-st.s.entries:
			if waiting = got.SQL != statement; !waiting {
				e = got
			}
		case <-deadline:
			return fmt.Errorf("%s: dbmesh's slow-log does not tell of it", statement)
		case <-st.ctx.Done():
			return st.ctx.Err()
		}
	}
	return st.shown(why, e, statement, reply)
}

// because says why a statement went where it went.
func (st *story) because(now *tally, e entry, pinned string) (string, error) {
	if e.SQL == "" {
		return "", nil
	}
	f, err := st.s.explain(st.ctx, e.SQL)
	return now.routed(st.at, st.pools, e.Pool, pinned) + "; " + f.String(), err
}

// deniedByFilter knows refusals by their text, which names the filter.
func deniedByFilter(err error) bool {
	var said *mysql.MySQLError
	return errors.As(err, &said) && strings.HasPrefix(said.Message, "dbmesh: ")
}

// shown prints a command with what its links made of it.
func (st *story) shown(why string, e entry, what, reply string) error {
	pinned, err := st.s.settled(st.ctx, e.Session)
	if err != nil {
		return err
	}
	now, err := st.s.tally(st.ctx)
	if err != nil {
		return err
	}
	links := now.since(st.at, st.chain)
	because, err := st.because(now, e, pinned)
	if err != nil {
		return err
	}
	if e.Backend == "" {
		e.Backend = now.dialled(st.at)
	}
	st.at = now
	if e.Filter != "" {
		links = append(links, passed{link: e.Filter, verdict: "logged"})
	}
	if why != "" {
		st.out.title(why)
	}
	st.out.command(e, what, links, reply, because)
	return nil
}

// ask runs a statement and sums its reply up.
func ask(ctx context.Context, conn *sql.Conn, statement string) (string, error) {
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	if len(columns) == 0 {
		return "ok", rows.Err()
	}
	n, first := 0, ""
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		if n++; n == 1 {
			first = join(values)
		}
	}
	if n == 1 {
		return first, rows.Err()
	}
	return fmt.Sprintf("%d rows", n), rows.Err()
}

func join(values []sql.NullString) string {
	var all []string
	for _, v := range values {
		all = append(all, v.String)
	}
	return strings.Join(all, ", ")
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// problem is an error as a client shows it.
func problem(err error) string {
	var said *mysql.MySQLError
	if errors.As(err, &said) {
		return fmt.Sprintf("error %d: %s", said.Number, said.Message)
	}
	return "error: " + err.Error()
}
