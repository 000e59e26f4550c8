package config

import (
	"reflect"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Key is one key of the file. [] in a path stands for each element of a list.
type Key struct {
	Path    string
	Default string // as it would be written; "" for none
	Live    bool   // a reload may change it; else it is fixed at start
	Doc     string
}

const live, fixed = true, false

// Keys gives every key there is, in the order of the documentation. Keys of the filters
// themselves are not among them; each filter documents its own.
func Keys() []Key {
	return []Key{
		{"listeners[].name", "", live, "Names the listener in logs, metrics and router rules; without one, its address does. A reload knows a listener by it."},
		{"listeners[].address", "", live, "`host:port`, or `unix:/path`."},
		{"listeners[].chain", "", live, "Chain that its sessions run. May be left out if there is only one."},
		{"listeners[].pool", "", live, "Pool of its sessions unless a router says otherwise. May be left out if there is only one."},
		{"listeners[].tls.mode", "", live, "`off`, `prefer` or `require`. Without one: `prefer` if there is a certificate, else `off`."},
		{"listeners[].tls.cert", "", live, "PEM file with the certificate and its chain."},
		{"listeners[].tls.key", "", live, "PEM file with the certificate's private key."},
		{"listeners[].tls.client_ca", "", live, "PEM file of authorities. With it, clients over TLS must show a certificate that one of them signed."},
		{"listeners[].proxy_protocol_from", "", live, "Networks (CIDR) from which a PROXY header, v1 or v2, is believed."},
		{"listeners[].server_version", "", live, "Version that clients are greeted with; without one, the backend's own."},
		{"listeners[].max_sessions", "0", live, "Sessions at once; beyond it error 1040. 0 is no limit."},
		{"listeners[].max_sessions_per_user", "0", live, "Sessions at once of one user; beyond it error 1226. 0 is no limit."},
		{"listeners[].login_timeout", "10s", live, "From accept to the end of the login."},
		{"listeners[].idle_timeout", "0s", live, "Ends sessions that send no command for so long. 0s leaves it to the backend's `wait_timeout`."},
		{"listeners[].compression", "", live, "Compressions offered to clients: `zlib`, `zstd`, or both. Empty offers none."},

		{"pools[].name", "", live, "Names the pool."},
		{"pools[].backends[].name", "", live, "Names the backend in logs and metrics; without one, its address does."},
		{"pools[].backends[].address", "", live, "`host:port`, or `unix:/path`. Host names are resolved anew while dbmesh runs."},
		{"pools[].backends[].weight", "1", live, "Share of new sessions, against the weights of its pool; 0 gives it none."},
		{"pools[].tls.mode", "", live, "`off`, `prefer`, `verify` or `skip-verify`. Without one: `verify` if `ca` is set, else `prefer`, which does not verify."},
		{"pools[].tls.ca", "", live, "PEM file of authorities that sign the backends' certificates; without it `verify` takes the system's."},
		{"pools[].tls.cert", "", live, "PEM file with a certificate to show to backends."},
		{"pools[].tls.key", "", live, "PEM file with its private key."},
		{"pools[].tls.server_name", "", live, "Name that the backends' certificates must bear; without it the host of the address."},
		{"pools[].connect_timeout", "5s", live, "From dialling a backend to the end of its login."},
		{"pools[].user_timeout", "20s", live, "How long sent bytes may stay unacknowledged before a connection counts as dead (TCP_USER_TIMEOUT)."},
		{"pools[].proxy_protocol", "off", live, "`off`, `v1` or `v2`: tells backends the client's address by a PROXY header."},
		{"pools[].public_key", "", live, "PEM file of the backends' RSA key, for caching_sha2_password without TLS."},
		{"pools[].control.user", "", live, "Account of dbmesh itself, for health checks that log in, for KILL of what a gone client left running, and for questions about replication."},
		{"pools[].control.password", "", live, "Its password."},
		{"pools[].health.interval", "1s", live, "From the start of one check of a backend to the start of the next."},
		{"pools[].health.timeout", "800ms", live, "How long a check may take."},
		{"pools[].health.fall", "2", live, "Failures in a row that make a backend down."},
		{"pools[].health.rise", "2", live, "Successes in a row that make it up again."},
		{"pools[].pooling.mode", "session", live, "`session`: each session has its own connection to a backend. `transaction`: sessions share connections, each has one while a statement or transaction needs it (auth mode `list`)."},
		{"pools[].pooling.max", "32", live, "Connections that sessions share to one backend, at most."},
		{"pools[].pooling.max_per_user", "0", live, "Of them, those of one backend account. 0 is no limit of its own."},
		{"pools[].pooling.min_idle", "0", live, "Idle connections kept open to one backend for each kind of login that was seen."},
		{"pools[].pooling.max_logins", "4", live, "Logins to one backend at once."},
		{"pools[].pooling.queue_timeout", "10s", live, "How long a session waits for a connection, first come, first served; then error 1040."},
		{"pools[].pooling.max_life", "30m", live, "Age at which a connection is closed when it is next idle, shortened at random by up to a tenth. 0s is no limit."},
		{"pools[].pooling.max_idle", "5m", live, "Closes connections that were idle for so long, but for `min_idle` of them. 0s is no limit."},
		{"pools[].pooling.keepalive", "30s", live, "Pings connections that were idle for so long. 0s never does."},
		{"pools[].pooling.linger", "1s", live, "How long a connection stays with its session for questions about the last statement, such as `SHOW WARNINGS`."},
		{"pools[].pooling.max_statements", "64", live, "Prepared statements kept on one connection."},
		{"pools[].variables[].name", "", live, "Session variable to set on each connection of the pool that sessions share (`pooling.mode: transaction`)."},
		{"pools[].variables[].value", "", live, "Its value as SQL has it: a number, a word, or a string in quotes."},
		{"pools[].compression", "off", live, "`off`, `zlib` or `zstd`: compression that is asked of backends, and used with those that have it."},
		{"pools[].replication.max_lag", "0s", live, "Takes a replica out of use that is further behind, until it is at most half so far behind. Needs `control`. 0s watches nothing."},
		{"pools[].replication.interval", "1s", live, "From one look at the replicas' lag to the next."},
		{"pools[].replication.window", "1s", live, "How long after a write of a session its reads with `consistency: session` stay at home if this pool can't be asked for GTID positions. 0s is for good."},

		{"chains[].name", "", live, "Names the chain."},
		{"chains[].links[].kind", "", live, "Kind of filter: `auth`, `router`, `balancer`, `slow-log`, `wasm`."},
		{"chains[].links[].name", "", live, "Names the link in logs, metrics and errors; without one, its kind does."},
		{"chains[].links[].on_failure", "closed", live, "What happens when the filter breaks: `closed` refuses the command, `open` goes on without it, `quarantine` goes on too and, when it has broken 3 times within 10 s, leaves it out for 30 s, twice as long each time that it soon breaks again, up to 10 min. What must not be passed, such as a mask, needs `closed`."},

		{"limits.inspect_limit", "1MiB", live, "How much of a statement's text is looked at; of longer ones the rest streams by. Parameters of an execute are decoded if all of it fits."},
		{"limits.facts_cache", "16MiB", fixed, "Memory for the facts about statements, shared by all sessions: about 15,000 shapes."},
		{"limits.max_statements", "16382", live, "Prepared statements that one session may hold."},
		{"limits.max_all_statements", "100000", live, "Different texts of prepared statements in all sessions that share connections; beyond it error 1461."},
		{"limits.max_logins", "10000", live, "Logins under way at once, per listener; beyond it error 1040."},
		{"limits.wasm_memory", "256MiB", fixed, "Linear memory of all user filters together, of an old and a new generation while one takes the other's place."},
		{"drain_timeout", "30s", live, "How long sessions may go on after SIGTERM, and on a removed backend."},
		{"log.level", "info", live, "`debug`, `info`, `warn` or `error`."},
		{"log.format", "text", fixed, "`text` or `json`, on standard error."},
		{"admin.address", "127.0.0.1:6080", fixed, "`host:port` of the HTTP side: metrics and probes. `\"\"` for none."},
		{"admin.pprof", "false", fixed, "Serves `/debug/pprof` there."},
		{"loops", "0", fixed, "Number of event loops; 0 lets dbmesh choose."},
		{"wasm_cache", "", fixed, "Directory for the machine code of user filters, for dbmesh alone; without one, `dbmesh/wasm` in the user's cache directory (`XDG_CACHE_HOME`). `off` for none."},
	}
}

// Type names the kind of value that the key holds.
func (k Key) Type() string {
	switch t := typeOf(k.Path); {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t == reflect.TypeFor[core.Size]():
		return "size"
	case t == secretType:
		return "secret"
	case t.Kind() == reflect.Slice:
		return "list of strings"
	default:
		return t.Kind().String()
	}
}

// linkKeys is what every link has beside the keys of its filter.
type linkKeys struct {
	Kind      string `koanf:"kind"`
	Name      string `koanf:"name"`
	OnFailure string `koanf:"on_failure"`
}

// typeOf finds the type of a key of Keys; a path that leads nowhere gives nil.
func typeOf(path string) reflect.Type {
	t := reflect.TypeFor[core.Settings]()
	for part := range strings.SplitSeq(path, ".") {
		name, element := strings.CutSuffix(part, "[]")
		t = fieldType(t, name)
		if t == nil {
			return nil
		}
		if element {
			t = t.Elem()
		}
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return t
}

func fieldType(t reflect.Type, name string) reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range fieldsOf(t) {
		if f.name == name {
			return f.typ
		}
	}
	return nil
}
