package core

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Settings is a whole configuration as data: what core/config reads and what the proxy
// and the pools are built from. The koanf tags are the keys in the file. It is immutable
// once loaded.
type Settings struct {
	Listeners []ListenerSettings `koanf:"listeners"`
	Pools     []PoolSettings     `koanf:"pools"`
	Chains    []ChainSettings    `koanf:"chains"`
	Admin     AdminSettings      `koanf:"admin"`
	Log       LogSettings        `koanf:"log"`
	Limits    LimitSettings      `koanf:"limits"`
	// DrainTimeout bounds how long sessions may go on after SIGTERM, and on a removed backend.
	DrainTimeout time.Duration `koanf:"drain_timeout"`
	// Loops is the number of event loops; 0 lets dbmesh choose. Fixed at start.
	Loops int `koanf:"loops"`
	// WasmCache is the directory for user filters' machine code: "" the user's own cache
	// directory, "off" none. Fixed at start.
	WasmCache string `koanf:"wasm_cache"`
}

// ListenerSettings is one address that clients connect to.
type ListenerSettings struct {
	Name          string            `koanf:"name"`
	Address       string            `koanf:"address"` // host:port, or unix:/path
	Chain         string            `koanf:"chain"`
	Pool          string            `koanf:"pool"` // where sessions go unless a router says otherwise
	TLS           ServerTLSSettings `koanf:"tls"`
	ProxyProtocol []string          `koanf:"proxy_protocol_from"` // trusted networks, CIDR
	ServerVersion string            `koanf:"server_version"`      // "" greets with the backend's own
	// MaxSessions and MaxSessionsPerUser refuse with 1040 and 1226; 0 is no limit.
	MaxSessions        int           `koanf:"max_sessions"`
	MaxSessionsPerUser int           `koanf:"max_sessions_per_user"`
	LoginTimeout       time.Duration `koanf:"login_timeout"`
	IdleTimeout        time.Duration `koanf:"idle_timeout"` // 0 leaves it to the backend's wait_timeout
	Compression        []string      `koanf:"compression"`  // zlib, zstd: offered to clients
}

// ServerTLSSettings is what a listener offers to clients.
type ServerTLSSettings struct {
	Mode     string `koanf:"mode"` // off, prefer, require
	Cert     string `koanf:"cert"`
	Key      string `koanf:"key"`
	ClientCA string `koanf:"client_ca"` // set: clients must show a certificate that it signed
}

// ClientTLSSettings is how dbmesh meets backends. An empty mode is verify if a CA is set,
// else prefer.
type ClientTLSSettings struct {
	Mode       string `koanf:"mode"` // off, prefer, verify, skip-verify
	CA         string `koanf:"ca"`
	Cert       string `koanf:"cert"`
	Key        string `koanf:"key"`
	ServerName string `koanf:"server_name"` // "" takes the host of the address
}

// PoolSettings is a named set of backends.
type PoolSettings struct {
	Name           string            `koanf:"name"`
	Backends       []BackendSettings `koanf:"backends"`
	TLS            ClientTLSSettings `koanf:"tls"`
	ConnectTimeout time.Duration     `koanf:"connect_timeout"` // dial and login
	// UserTimeout is TCP_USER_TIMEOUT of backend connections: how long sent bytes may stay
	// unacknowledged before the connection counts as dead.
	UserTimeout   time.Duration   `koanf:"user_timeout"`
	ProxyProtocol string          `koanf:"proxy_protocol"` // off, v1, v2: sent to backends
	PublicKey     string          `koanf:"public_key"`     // PEM file of the backends' own RSA key
	Control       ControlSettings `koanf:"control"`
	Health        HealthSettings  `koanf:"health"`
	Pooling       PoolingSettings `koanf:"pooling"`
	// Variables are set on each connection of the pool that sessions share, in this order.
	Variables   []VariableSettings  `koanf:"variables"`
	Compression string              `koanf:"compression"` // off, zlib, zstd: asked of backends
	Replication ReplicationSettings `koanf:"replication"`
}

// BackendSettings is one server.
type BackendSettings struct {
	Name    string `koanf:"name"` // "" takes the address
	Address string `koanf:"address"`
	Weight  *int   `koanf:"weight"` // nil is 1
}

// ControlSettings is an optional account of dbmesh's own: for pings that log in, for KILL of
// what a gone client left running, and for questions about replication.
type ControlSettings struct {
	User     string `koanf:"user"`
	Password Secret `koanf:"password"`
}

// HealthSettings is how often and how patiently backends are probed.
type HealthSettings struct {
	Interval time.Duration `koanf:"interval"`
	Timeout  time.Duration `koanf:"timeout"`
	Fall     int           `koanf:"fall"` // failures in a row before a backend is down
	Rise     int           `koanf:"rise"` // successes in a row before it is up again
}

// ChainSettings is a named chain. Links is filled by core/config.
type ChainSettings struct {
	Name  string `koanf:"name"`
	Links []Spec `koanf:"-"`
}

// AdminSettings is the HTTP side. Fixed at start.
type AdminSettings struct {
	Address string `koanf:"address"` // "" for none
	Pprof   bool   `koanf:"pprof"`
}

// LogSettings shapes dbmesh's own log on standard error.
type LogSettings struct {
	Level  string `koanf:"level"`  // debug, info, warn, error
	Format string `koanf:"format"` // text, json
}

// LimitSettings bounds what one session may take.
type LimitSettings struct {
	InspectLimit  Size `koanf:"inspect_limit"`  // of a statement's text, see Command.Truncated
	FactsCache    Size `koanf:"facts_cache"`    // of all statements' facts together; fixed at start
	MaxStatements int  `koanf:"max_statements"` // prepared statements of one session
	// MaxAllStatements bounds the texts of statements that sessions have prepared through
	// shared connections, in all sessions together.
	MaxAllStatements int  `koanf:"max_all_statements"`
	MaxLogins        int  `koanf:"max_logins"`  // logins under way at once, per listener
	WasmMemory       Size `koanf:"wasm_memory"` // linear memory of all user filters together; fixed at start
}

// Size is a number of bytes, written with a unit: "1MiB", "64KB", "512B".
type Size int64

var sizeUnits = []struct {
	suffix string
	factor int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"KB", 1000}, {"MB", 1000_000}, {"GB", 1000_000_000}, {"B", 1},
}

// UnmarshalText reads a size; a number without a unit is an error.
func (s *Size) UnmarshalText(text []byte) error {
	t := strings.TrimSpace(string(text))
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(t, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/u.factor {
			return fmt.Errorf("%q is not a size such as 256MiB", t)
		}
		*s = Size(n * u.factor)
		return nil
	}
	return fmt.Errorf("%q is not a size: it needs a unit, such as 256MiB", t)
}

func (s Size) String() string {
	for _, u := range []int{2, 1, 0} {
		if f := sizeUnits[u].factor; int64(s) >= f && int64(s)%f == 0 {
			return strconv.FormatInt(int64(s)/f, 10) + sizeUnits[u].suffix
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}
