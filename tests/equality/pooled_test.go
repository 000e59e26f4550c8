package equality

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/crowd"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// shared by 10 sessions each, which the crowd sees to.
const connections = 2

// lane is a way through dbmesh on which one dialogue is played at a time, in the midst of a
// crowd that has the lane's connections in common with it.
type lane struct {
	place
	number int
	crowds map[comer]*crowd.Crowd
}

// comer is how a session logs in, as far as connections differ by it.
type comer struct {
	caps    wire.Caps
	charset byte
}

// pooledConfig has a listener and a pool for each lane.
func pooledConfig(lanes []string, backend string) string {
	var b strings.Builder
	b.WriteString("listeners:\n")
	for i, addr := range lanes {
		fmt.Fprintf(&b, "  - {name: lane%d, address: %q, pool: lane%d, max_sessions: 5000}\n", i, addr, i)
	}
	b.WriteString("pools:\n")
	for i := range lanes {
		fmt.Fprintf(&b, "  - {name: lane%d, tls: {mode: \"off\"}, health: {timeout: 10s}, backends: [{address: %q}], pooling: {mode: transaction, max: %d, max_idle: 2s, linger: 30s}}\n", i, backend, connections)
	}
	b.WriteString(`chains:
  - name: default
    links:
      - kind: auth
        mode: list
        users:
          - {name: player, password: playerpw}
          - {name: other, password: otherpw}
          - {name: lonely, password: lonelypw}
      - {kind: router, hints: true}
      - balancer
      - slow-log
`)
	return b.String()
}

// lanes starts dbmesh with n lanes before the place's server.
func (p *place) lanes(t *testing.T, n int) chan *lane {
	t.Helper()
	addrs := []string{"${LISTEN}"}
	for range n - 1 {
		addrs = append(addrs, sidecar.FreeAddr(t))
	}
	first := sidecar.With(t, pooledConfig(addrs, p.server.Addr)).Addr
	p.server.SQL(t, crowd.Tables)
	free := make(chan *lane, n)
	for i, addr := range addrs {
		l := &lane{place: *p, number: i, crowds: map[comer]*crowd.Crowd{}}
		if l.mesh.Addr = addr; i == 0 {
			l.mesh.Addr = first
		}
		t.Cleanup(func() {
			for _, c := range l.crowds {
				_ = c.Close()
			}
		})
		free <- l
	}
	return free
}

// crowd gives the sessions beside one that comes like this.
func (l *lane) crowd(t *testing.T, who comer) (*crowd.Crowd, error) {
	if c := l.crowds[who]; c != nil {
		return c, nil
	}
	direct, to := l.direct, l.mesh
	direct.Charset, to.Charset = who.charset, who.charset
	ctx, cancel := context.WithDeadline(context.Background(), deadline(t))
	defer cancel()
	c, err := crowd.Join(ctx, string(l.server.Flavour), direct, to, who.caps)
	if err != nil {
		return nil, err
	}
	l.crowds[who] = c
	return c, nil
}

// deadline is when all sessions of the test have ended.
func deadline(t *testing.T) time.Time {
	if end, ok := t.Deadline(); ok {
		return end
	}
	return time.Now().Add(time.Hour)
}

// pooled plays and compares as place.compare does, in the midst of a crowd.
func (l *lane) pooled(t *testing.T, d *dialogue.Dialogue, masks dialogue.Masks, shakes *atomic.Int64) {
	same := blotted(d, l.server.Flavour)
	same.Caps &^= unshared
	c, err := l.crowd(t, comer{same.Caps, same.Charset})
	if err != nil {
		t.Errorf("%s: %v", d.Title(), err)
		return
	}
	through := *l
	through.mesh.Between = func() error {
		shakes.Add(1)
		return c.Shake(context.Background())
	}
	if same.Caps != d.Caps {
		// What dbmesh does not offer here a client does without, however it asks.
		if _, agreed, err := through.play(l.mesh, d); err == nil && wire.Caps(agreed)&unshared != 0 {
			t.Errorf("%s: %#x were agreed, of which some are of a single connection", d.Title(), agreed)
		}
	}
	through.compare(t, same, masks)
}

// unshared is what dbmesh does not offer where sessions share connections: a client that was
// told the columns of a prepared statement once is told them again, for it may run elsewhere.
const unshared = wire.CacheMetadata

// blotted is the dialogue with the masks that are for shared connections only.
func blotted(d *dialogue.Dialogue, flavour servers.Flavour) *dialogue.Dialogue {
	e := *d
	e.Steps = slices.Clone(d.Steps)
	for i := range e.Steps {
		switch s := &e.Steps[i]; {
		case s.Mask != "":
		case flavour == servers.FlavourTiDB && (s.Verb == "ping" || s.Verb == "reset-statement"):
			s.Mask = "last-outcome"
		case s.Verb == "execute":
			s.Mask = "metadata-changed"
		}
	}
	return &e
}

// apart are the dialogues that can't be the same on shared connections, and why.
var apart = []struct {
	name    string
	flavour servers.Flavour // "" for all
	why     string
}{
	{"idle_time_out", "", "the server's time-out is of a connection, and a silent session has none"},
	{"idle_time_out_tidb", "", "likewise"},
	{"idle_transaction_time_out", "", "left out of the tests in list mode, for it takes seconds"},
	{"process_kill_malformed", "", "the server reads on behind the packet, where the commands of others have been"},
	{"fetch_too_short", "", "likewise; dbmesh finds no statement's number in it"},
	{"reset_too_short", "", "likewise"},
	{"get_diagnostics", "", "of the warnings only what SHOW WARNINGS and SHOW ERRORS say is kept when others need the connection; the rest is refused"},
	{"warnings_in_rows", "", "likewise, with LIMIT"},
	{"null_parameters", servers.FlavourTiDB, "TiDB ends a connection on which a parameter's type has changed often enough"},
	{"untyped_again", servers.FlavourTiDB, "what TiDB tells of a parameter's column depends on what was bound on the same connection before"},
	{"one_parameter", servers.FlavourTiDB, "likewise"},
	{"long_data", servers.FlavourTiDB, "likewise"},
}

// here are the dialogues for the flavour that can be the same on shared connections.
func here(all []*dialogue.Dialogue, flavour servers.Flavour) []*dialogue.Dialogue {
	return slices.DeleteFunc(slices.Clone(all), func(d *dialogue.Dialogue) bool {
		if d.Large || !d.On(string(flavour)) {
			return true
		}
		for _, a := range apart {
			if a.name == d.Name && (a.flavour == "" || a.flavour == flavour) {
				return true
			}
		}
		return false
	})
}

func TestWhatIsLeftOutOnSharedConnectionsIsInTheCorpus(t *testing.T) {
	all, err := dialogue.Load("corpus")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range apart {
		if !slices.ContainsFunc(all, func(d *dialogue.Dialogue) bool {
			return d.Name == a.name && (a.flavour == "" || d.On(string(a.flavour)))
		}) {
			t.Errorf("no dialogue %s", a.name)
		}
	}
}

func TestDialoguesAreTheSameInACrowdOnTwoConnections(t *testing.T) {
	all, masks := load(t)
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			p := at(t, flavour)
			lanes := p.lanes(t, atOnce(flavour))
			some := thinned(here(all, flavour))
			some = append(some, permanent(some)...)
			var shakes atomic.Int64
			each(some, atOnce(flavour), func(d *dialogue.Dialogue) {
				l := <-lanes
				defer func() { lanes <- l }()
				l.pooled(t, d, masks, &shakes)
			})
			t.Logf("%d dialogues, %d shakes", len(some), shakes.Load())
		})
	}
}

// permanent are those of the dialogues that have temporary tables, with others in their
// place: a temporary table keeps the connection, so there would be nothing to see.
func permanent(all []*dialogue.Dialogue) []*dialogue.Dialogue {
	const temporary = "CREATE TEMPORARY TABLE"
	var some []*dialogue.Dialogue
	for _, d := range all {
		with := func(s dialogue.Step) bool { return strings.Contains(s.Arg, temporary) }
		if !slices.ContainsFunc(d.Steps, with) || d.Schema != "" {
			continue
		}
		e := *d
		e.Name, e.Fresh, e.Steps = d.Name+"_permanent", true, slices.Clone(d.Steps)
		for i := range e.Steps {
			e.Steps[i].Arg = strings.NewReplacer(temporary, "CREATE TABLE", "DROP TEMPORARY", "DROP").Replace(e.Steps[i].Arg)
		}
		some = append(some, &e)
	}
	return some
}

func TestGeneratedStatementsAreTheSameInACrowdOnTwoConnections(t *testing.T) {
	masks, err := dialogue.LoadMasks("masks.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			p := at(t, flavour)
			lanes := p.lanes(t, atOnce(flavour))
			n := min(statements(), 20000)
			if flavour == servers.FlavourTiDB {
				n = min(n/10, 1000) // one dialogue at a time takes its time
			}
			var all []*dialogue.Dialogue
			for seed := range (n + perSession - 1) / perSession {
				d := generate(uint64(seed))
				if flavour == servers.FlavourTiDB {
					d = boundOnce(d)
				}
				all = append(all, d)
			}
			all = append(all, permanent(all)...)
			var shakes atomic.Int64
			each(all, atOnce(flavour), func(d *dialogue.Dialogue) {
				l := <-lanes
				defer func() { lanes <- l }()
				l.pooled(t, d, masks, &shakes)
			})
			t.Logf("%d statements, %d shakes", len(all)*perSession, shakes.Load())
		})
	}
}

// boundOnce is the dialogue without executes whose parameters may have other types than those
// before: TiDB fills its answer with what lies in its memory then.
func boundOnce(d *dialogue.Dialogue) *dialogue.Dialogue {
	e := *d
	e.Steps = nil
	for i, s := range d.Steps {
		if s.Verb != "execute" || d.Steps[i-1].Verb != "execute" {
			e.Steps = append(e.Steps, s)
		}
	}
	return &e
}

// Without it the tests above could be about sessions that share nothing.
func TestACrowdHasAsManyConnectionsAsItMay(t *testing.T) {
	p := at(t, servers.FlavourMariaDB)
	l := <-p.lanes(t, 1)
	d, err := dialogue.Parse("", "== count variants=modern\nquery SELECT 1\n")
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.crowd(t, comer{caps: d[0].Caps})
	if err != nil {
		t.Fatal(err)
	}
	if n := c.Size(); n < 10*connections {
		t.Errorf("%d sessions for %d connections, want ten times as many", n, connections)
	}
	for range 2 * c.Size() {
		if err := c.Shake(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := p.server.Connections(t, "user IN ('player', 'other')"); n > connections {
			t.Fatalf("%d connections to the server, want %d at most", n, connections)
		}
	}
}
