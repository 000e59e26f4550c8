package metrics

import (
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

type (
	backendName struct{ pool, backend string }
	resultName  struct{ listener, result string }
	readName    struct{ pool, result string }
	sideName    struct {
		listener string
		side     core.Side
	}
	counter struct{ atomic.Uint64 }
)

type sessions struct{ opened, closed atomic.Uint64 }

// read gives both counts. Closed is read first: it may lag, and lead only if a listener
// was removed and came back while its last session ended.
func (s *sessions) read() (opened, closed uint64) {
	closed = s.closed.Load()
	return max(s.opened.Load(), closed), closed
}

func (s *sessions) open() uint64 {
	opened, closed := s.read()
	return opened - closed
}

// Proxy counts sessions, logins and commands. All methods are safe for concurrent use and
// never wait.
type Proxy struct {
	sessions table[string, sessions]
	logins   table[resultName, counter]
	errors   table[sideName, counter]
	commands table[backendName, Commands]
	took     table[string, histogram]
	reads    table[readName, counter]
}

// Session counts a session that began (+1) or ended (-1).
func (p *Proxy) Session(listener string, delta int) {
	s := p.sessions.get(listener, zero)
	if delta > 0 {
		s.opened.Add(uint64(delta))
	} else {
		s.closed.Add(uint64(-delta))
	}
}

// Login counts a login by its result. Results are words that dbmesh chooses; a client
// must not be able to invent one.
func (p *Proxy) Login(listener, result string) {
	p.logins.get(resultName{listener, result}, zero).Add(1)
}

// Refused counts a command that no backend answered to its end, by whose fault.
func (p *Proxy) Refused(listener string, side core.Side) {
	p.errors.get(sideName{listener, side}, zero).Add(1)
}

// ConsistentRead counts a read for which consistency was asked, by what became of it.
func (p *Proxy) ConsistentRead(pool, result string) {
	p.reads.get(readName{pool, result}, zero).Add(1)
}

// Commands gives the counters of a backend, to be kept for as long as a connection to it.
func (p *Proxy) Commands(pool, backend string) *Commands {
	return p.commands.get(backendName{pool, backend}, func() *Commands {
		return &Commands{took: p.took.get(pool, zero)}
	})
}

func (p *Proxy) retain(listener func(string) bool, pools map[string]bool, backends map[backendName]bool) {
	p.sessions.retain(func(name string, s *sessions) bool { return listener(name) || s.open() > 0 })
	p.logins.retain(func(n resultName, _ *counter) bool { return listener(n.listener) })
	p.errors.retain(func(n sideName, _ *counter) bool { return listener(n.listener) })
	p.commands.retain(func(n backendName, _ *Commands) bool { return backends[n] })
	p.took.retain(func(pool string, _ *histogram) bool { return pools[pool] })
	p.reads.retain(func(n readName, _ *counter) bool { return pools[n.pool] })
}

// proxyDescs are the descriptions of what Proxy shows.
type proxyDescs struct {
	open, opened, closed, logins, errors, commands, rows, in, out, took, reads *prometheus.Desc
}

func describeProxy() proxyDescs {
	return proxyDescs{
		open:     describe("dbmesh_proxy_sessions", "Client sessions that are open.", "listener"),
		opened:   describe("dbmesh_proxy_sessions_opened_total", "Client sessions that began.", "listener"),
		closed:   describe("dbmesh_proxy_sessions_closed_total", "Client sessions that ended.", "listener"),
		logins:   describe("dbmesh_proxy_logins_total", "Logins by result.", "listener", "result"),
		errors:   describe("dbmesh_proxy_errors_total", "Commands that no backend answered to their end, by whose fault.", "listener", "side"),
		commands: describe("dbmesh_proxy_commands_total", "Commands that backends answered.", "pool", "backend", "code"),
		rows:     describe("dbmesh_proxy_rows_total", "Rows sent to clients.", "pool", "backend"),
		in:       describe("dbmesh_proxy_received_bytes_total", "Bytes of commands from clients, packet headers included.", "pool", "backend"),
		out:      describe("dbmesh_proxy_sent_bytes_total", "Bytes of answers to clients, packet headers included.", "pool", "backend"),
		took:     describe("dbmesh_proxy_command_seconds", "Time from a command's first byte to the end of its answer.", "pool"),
		reads:    describe("dbmesh_proxy_consistent_reads_total", "Reads with a consistency other than off, by the pool of the rule and the result: replica or waited ran there; late (no backend had what the read must see) and unknown (nobody could tell) ran at home.", "pool", "result"),
	}
}

// Describe implements prometheus.Collector.
func (p *Proxy) Describe(out chan<- *prometheus.Desc) {
	d := describeProxy()
	for _, desc := range []*prometheus.Desc{d.open, d.opened, d.closed, d.logins, d.errors, d.commands, d.rows, d.in, d.out, d.took, d.reads} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (p *Proxy) Collect(out chan<- prometheus.Metric) {
	d := describeProxy()
	for name, s := range p.sessions.all() {
		opened, closed := s.read()
		out <- sample(d.open, prometheus.GaugeValue, float64(opened-closed), name)
		out <- sample(d.opened, prometheus.CounterValue, float64(opened), name)
		out <- sample(d.closed, prometheus.CounterValue, float64(closed), name)
	}
	for n, c := range p.logins.all() {
		out <- sample(d.logins, prometheus.CounterValue, float64(c.Load()), n.listener, n.result)
	}
	for n, c := range p.errors.all() {
		out <- sample(d.errors, prometheus.CounterValue, float64(c.Load()), n.listener, n.side.String())
	}
	for n, c := range p.commands.all() {
		for code := range c.codes {
			if v := c.codes[code].Load(); v > 0 {
				out <- sample(d.commands, prometheus.CounterValue, float64(v), n.pool, n.backend, core.Code(code).String())
			}
		}
		out <- sample(d.rows, prometheus.CounterValue, float64(c.rows.Load()), n.pool, n.backend)
		out <- sample(d.in, prometheus.CounterValue, float64(c.in.Load()), n.pool, n.backend)
		out <- sample(d.out, prometheus.CounterValue, float64(c.out.Load()), n.pool, n.backend)
	}
	for n, c := range p.reads.all() {
		out <- sample(d.reads, prometheus.CounterValue, float64(c.Load()), n.pool, n.result)
	}
	for pool, h := range p.took.all() {
		count, sum, buckets := h.read()
		out <- prometheus.MustNewConstHistogram(d.took, count, sum, buckets, pool)
	}
}
