package proxy

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/lease"
	"github.com/dbmesh/dbmesh/core/wire"
)

// lending is the connections to one server that sessions share, with what is known of
// logins there. It outlives changes of the server's settings.
type lending struct {
	*lease.Lender[*link]

	plain atomic.Int64 // until when its server is believed to have no init_connect, see plainFor

	mu     sync.Mutex
	logins map[lease.Kind]*knownLogin
}

// knownLogin is what a fresh login of a kind is like, so that most sessions can begin
// without a connection.
type knownLogin struct {
	loginAs
	status  uint16 // status flags
	schemas map[string]bool
}

// loginAs is what a login of a kind takes.
type loginAs struct {
	account *core.Account
	caps    wire.Caps
	hop     *wire.Login
}

// maxLogins and maxSchemas bound what is remembered of logins to one server.
const (
	maxLogins  = 1 << 10
	maxSchemas = 1 << 10
)

// saw notes a login that the server has accepted.
func (l *lending) saw(kind lease.Kind, status uint16, as loginAs) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.logins[kind]; k != nil {
		k.status, k.loginAs = status, as
	} else if len(l.logins) < maxLogins {
		l.logins[kind] = &knownLogin{status: status, loginAs: as}
	}
}

// account is what a login of the kind takes, nil if there was none yet.
func (l *lending) account(kind lease.Kind) *loginAs {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.logins[kind]; k != nil {
		as := k.loginAs
		return &as
	}
	return nil
}

// begunAnew notes that logins from now on may be others than those before.
func (l *lending) begunAnew() {
	l.Retire()
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.logins)
}

// chose notes that a login of the kind could choose the schema.
func (l *lending) chose(kind lease.Kind, schema string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.logins[kind]
	if k == nil || k.schemas[schema] || len(k.schemas) >= maxSchemas {
		return
	}
	if k.schemas == nil {
		k.schemas = map[string]bool{}
	}
	k.schemas[schema] = true
}

// known says what a fresh login of the kind is like, if it may choose the schema.
func (l *lending) known(kind lease.Kind, schema string) (status uint16, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.logins[kind]
	if k == nil || schema != "" && !k.schemas[schema] {
		return 0, false
	}
	return k.status, true
}

// lendings finds the lending of a source. Its methods are safe for concurrent use.
type lendings struct {
	mu       sync.Mutex
	byServer map[any]*lending
	bySource sync.Map   // of *backend.Source to *lending: the way without a lock
	ending   []*lending // of servers that were removed, until their connections are closed
}

func (l *lendings) of(src *backend.Source) *lending {
	if v, ok := l.bySource.Load(src); ok {
		return v.(*lending)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byServer == nil {
		l.byServer = map[any]*lending{}
	}
	le := l.byServer[src.Server()]
	if le == nil {
		le = &lending{Lender: lease.New[*link](limitsOf(src), rand.Float64), logins: map[lease.Kind]*knownLogin{}}
		l.byServer[src.Server()] = le
	}
	l.bySource.Store(src, le)
	return le
}

// each calls f for every lending, also for those that end.
func (l *lendings) each(f func(le *lending)) {
	l.mu.Lock()
	l.ending = slices.DeleteFunc(l.ending, func(le *lending) bool {
		st := le.Stats()
		return st.Idle+st.Lent+st.Opening == 0
	})
	all := slices.AppendSeq(slices.Clone(l.ending), maps.Values(l.byServer))
	l.mu.Unlock()
	for _, le := range all {
		f(le)
	}
}

// renew takes over the settings of the sources in force, and closes the lendings of
// servers that are no longer there.
func (l *lendings) renew(sources []*backend.Source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	there := map[any]*backend.Source{}
	for _, src := range sources {
		there[src.Server()] = src
	}
	for server, le := range l.byServer {
		if src := there[server]; src != nil {
			le.SetLimits(limitsOf(src))
		} else {
			le.Close()
			delete(l.byServer, server)
			l.ending = append(l.ending, le)
		}
	}
	l.bySource.Range(func(src, _ any) bool {
		if there[src.(*backend.Source).Server()] != src {
			l.bySource.Delete(src)
		}
		return true
	})
}

func limitsOf(src *backend.Source) lease.Limits {
	p := &src.Pool.Pooling
	return lease.Limits{
		Max: p.Max, MaxPerUser: p.MaxPerUser, MinIdle: p.MinIdle, MaxLogins: p.MaxLogins,
		MaxLife: p.MaxLife, MaxIdle: p.MaxIdle, Keepalive: p.Keepalive,
	}
}

// sourceOf is how the lending's server is reached now, nil if it was removed.
func (s *Server) sourceOf(le *lending) (found *backend.Source) {
	for _, src := range s.backends.Sources() {
		if s.lendings.of(src) == le {
			found = src
		}
	}
	return found
}
