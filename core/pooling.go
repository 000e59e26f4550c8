package core

import "time"

// PoolingSettings is how sessions share the connections to each backend of a pool.
type PoolingSettings struct {
	// Mode is session (each session has its own connection for as long as it lives) or
	// transaction (a session has one while a statement or a transaction needs it).
	Mode string `koanf:"mode"`
	// Max bounds the connections that sessions of any user have to one backend, those being
	// opened included; MaxPerUser those of one backend account, 0 for no limit of its own.
	Max        int `koanf:"max"`
	MaxPerUser int `koanf:"max_per_user"`
	MinIdle    int `koanf:"min_idle"`   // kept open for each kind of login that was seen
	MaxLogins  int `koanf:"max_logins"` // logins to one backend at once
	// QueueTimeout bounds the wait for a connection, first come, first served.
	QueueTimeout  time.Duration `koanf:"queue_timeout"`
	MaxLife       time.Duration `koanf:"max_life"`  // shortened at random by up to a tenth; 0 for ever
	MaxIdle       time.Duration `koanf:"max_idle"`  // 0 for ever
	Keepalive     time.Duration `koanf:"keepalive"` // between pings of an idle connection; 0 for none
	Linger        time.Duration `koanf:"linger"`    // how long one is kept for questions about the last statement
	MaxStatements int           `koanf:"max_statements"`
}

// Shares says whether sessions share connections.
func (p *PoolingSettings) Shares() bool { return p.Mode == "transaction" }

// VariableSettings is a session variable that is set on each connection of a pool.
type VariableSettings struct {
	Name  string `koanf:"name"`
	Value string `koanf:"value"` // as SQL has it: a number, a word, or a quoted string
}

// ReplicationSettings is what is watched of a pool whose backends are replicas.
type ReplicationSettings struct {
	// MaxLag takes a backend out of use that is further behind, until it is at most half
	// so far behind; 0 watches nothing.
	MaxLag   time.Duration `koanf:"max_lag"`
	Interval time.Duration `koanf:"interval"` // between two looks
	// Window is how long after a write of a session its reads that must see it stay away from
	// the pool, where no positions in replication can be compared; 0 is for good.
	Window time.Duration `koanf:"window"`
}

// Consistency says how much of what was written before a read on a replica must see.
type Consistency uint8

// The levels. ConsistencySession is read-your-writes: what this session has written.
// ConsistencyGlobal is what anybody had committed before the read began.
const (
	ConsistencyOff Consistency = iota
	ConsistencySession
	ConsistencyGlobal
)

var consistencyNames = [...]string{"off", "session", "global"}

func (c Consistency) String() string {
	if int(c) < len(consistencyNames) {
		return consistencyNames[c]
	}
	return "invalid"
}
