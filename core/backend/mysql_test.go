package backend

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
)

// reply is what a fake MySQL says to one statement.
type reply struct {
	columns []string
	rows    [][][]byte
	err     uint16
}

// mysqlLine is a line to a fake MySQL that knows the statements.
func mysqlLine(t *testing.T, known map[string]reply) *line {
	t.Helper()
	st, _ := play(t, func(f *fake) {
		for {
			f.Seq = 0
			p := f.packet()
			if len(p) == 0 || p[0] != comQuery {
				return
			}
			r, ok := known[string(p[1:])]
			switch {
			case !ok:
				f.send(wire.AppendErr(nil, &wire.Err{Code: codeSyntax, State: "42000", Message: "You have an error in your SQL syntax"}, controlCaps))
			case r.err != 0:
				f.send(wire.AppendErr(nil, &wire.Err{Code: r.err, State: "HY000", Message: "no"}, controlCaps))
			default:
				b, _ := wire.AppendResult(nil, r.columns, r.rows, controlCaps, utf8mb4, 2, f.Seq)
				_, _ = f.Write(b)
			}
		}
	})
	return &line{conn: st.Conn, link: &Link{Conn: wire.NewConn(st), Caps: controlCaps, Greeting: &wire.Greeting{Version: "8.4.3"}}}
}

func text(values ...string) [][]byte {
	var row [][]byte
	for _, v := range values {
		if v == "NULL" {
			row = append(row, nil)
		} else {
			row = append(row, []byte(v))
		}
	}
	return row
}

// No MySQL is at hand here; these are its answers as its manual and source have them.
func TestMySQLStandsWhereItsExecutedSetSays(t *testing.T) {
	const a, b = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"
	columns := []string{"@@global.gtid_mode", "@@global.gtid_executed"}
	at := func(mode, set string) (*Standing, error) {
		l := mysqlLine(t, map[string]reply{askMySQL: {columns: columns, rows: [][][]byte{text(mode, set)}}})
		return stand(t.Context(), l, nil)
	}
	home, err := at("ON", a+":1-500,\n"+b+":1-7")
	if err != nil {
		t.Fatal(err)
	}
	for set, has := range map[string]bool{
		a + ":1-500,\n" + b + ":1-7": true, a + ":1-501," + b + ":1-8": true,
		a + ":1-499,\n" + b + ":1-7": false, a + ":1-498:500," + b + ":1-7": false, "": false,
	} {
		replica, err := at("ON", set)
		if err != nil || replica.Has(home) != has {
			t.Errorf("a replica at %q: %v, %v", set, replica, err)
		}
	}
	if _, err := at("OFF", ""); !errors.Is(err, ErrNoPositions) {
		t.Errorf("gtid_mode=OFF: %v", err)
	}
	if _, err := at("ON", "what?"); err == nil || errors.Is(err, ErrNoPositions) {
		t.Errorf("a set that is none: %v", err)
	}
	// A set longer than a packet of the login phase may be.
	long := strings.TrimSuffix(strings.Repeat(a+":1-500,\n", 2000), ",\n")
	if s, err := at("ON", long); err != nil || !s.Applied.Covers(s.Applied) {
		t.Error(err)
	}
}

func TestTheLagOfMySQLIsSeenInOldAndNewWords(t *testing.T) {
	for name, c := range map[string]struct {
		known map[string]reply
		lag   time.Duration
		ok    bool
		err   bool
	}{
		"8.4":                   {known: map[string]reply{"SHOW REPLICA STATUS": {columns: []string{"Replica_IO_State", "Seconds_Behind_Source"}, rows: [][][]byte{text("", "7")}}}, lag: 7 * time.Second, ok: true},
		"two channels":          {known: map[string]reply{"SHOW REPLICA STATUS": {columns: []string{"Seconds_Behind_Source"}, rows: [][][]byte{text("7"), text("9")}}}, lag: 9 * time.Second, ok: true},
		"one channel is broken": {known: map[string]reply{"SHOW REPLICA STATUS": {columns: []string{"Seconds_Behind_Source"}, rows: [][][]byte{text("7"), text("NULL")}}}},
		"8.0.21":                {known: map[string]reply{"SHOW SLAVE STATUS": {columns: []string{"Seconds_Behind_Master"}, rows: [][][]byte{text("3")}}}, lag: 3 * time.Second, ok: true},
		"stands still":          {known: map[string]reply{"SHOW SLAVE STATUS": {columns: []string{"Seconds_Behind_Master"}, rows: [][][]byte{text("NULL")}}}},
		"no replica":            {known: map[string]reply{"SHOW REPLICA STATUS": {columns: []string{"Seconds_Behind_Source"}}}, ok: true},
		"may not look":          {known: map[string]reply{"SHOW REPLICA STATUS": {err: 1227}}, err: true},
		"says nonsense":         {known: map[string]reply{"SHOW REPLICA STATUS": {columns: []string{"Seconds_Behind_Source"}, rows: [][][]byte{text("soon")}}}, err: true},
		"says nothing":          {known: map[string]reply{"SHOW REPLICA STATUS": {columns: []string{"x"}, rows: [][][]byte{text("1")}}}, err: true},
	} {
		w := &lagWatch{line: *mysqlLine(t, c.known)}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		lag, known, err := w.ask(ctx)
		cancel()
		if lag != c.lag || known != c.ok || (err != nil) != c.err {
			t.Errorf("%s: %s, %v, %v", name, lag, known, err)
		}
	}
}
