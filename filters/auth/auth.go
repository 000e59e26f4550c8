// Package auth is the filter kind that says how clients prove themselves: to the backend,
// through dbmesh (passthrough), or to dbmesh, by a list of users.
package auth

import (
	"context"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

// Kind makes auth links. Its metrics are registered with reg, once for all generations;
// a nil reg leaves them out.
func Kind(reg prometheus.Registerer) core.Kind {
	unknown := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dbmesh_auth_unknown_users_total",
		Help: "Logins under a name that the link's list does not have.",
	}, []string{"link"})
	if reg != nil {
		reg.MustRegister(unknown)
	}
	return core.Kind{New: func(name string, decode core.Decode) (core.Filter, error) {
		var c config
		if err := decode(&c); err != nil {
			return nil, err
		}
		f, err := c.build()
		if err != nil {
			return nil, err
		}
		f.unknown = unknown.WithLabelValues(name)
		if c.Revoke == "close" {
			return &revoker{f, name}, nil
		}
		return f, nil
	}}
}

// filter is immutable. In passthrough mode users is nil.
type filter struct {
	passthrough *core.Account
	users       map[string]*core.Account
	decoys      decoys
	unknown     prometheus.Counter
}

// Passthrough says whether clients prove themselves to the backend.
func (f *filter) Passthrough() bool { return f.passthrough != nil }

// OnConnect sets the session's account. An unknown user gets one that nobody can prove,
// so that it takes the same steps, the same time and the same error as a wrong password.
func (f *filter) OnConnect(_ context.Context, s *core.Session) (core.Verdict, error) {
	if f.passthrough != nil {
		s.Account = f.passthrough
		return core.Continue(), nil
	}
	decoy := f.decoys.pick(s.User) // for known users too: the same work
	if a, ok := f.users[s.User]; ok {
		s.Account = a
		return core.Continue(), nil
	}
	f.unknown.Inc()
	s.Account = decoy
	return core.Continue(), nil
}

// revoker is a filter that also ends the sessions of users that were removed from the list.
type revoker struct {
	*filter
	name string
}

// OnCommand ends the session of a user who could not log in any more, at its next command.
func (r *revoker) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if r.users[c.Session.User] != nil {
		return core.Continue(), nil
	}
	return core.Disconnect(1045, "28000", fmt.Sprintf(
		"dbmesh: filter %q: user '%s' was removed from the list (revoke: close)", r.name, c.Session.User)), nil
}
