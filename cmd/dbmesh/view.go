package main

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/admin"
	"github.com/dbmesh/dbmesh/core/metrics"
	"github.com/dbmesh/dbmesh/core/proxy"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm"
)

// snapshotLimit bounds how long the HTTP side waits for the event loops.
const snapshotLimit = time.Second

// view shows the process to the HTTP side. Its methods are called by any goroutine.
type view struct{ a *app }

func (v view) Started() bool            { return v.a.config() != nil }
func (v view) Draining() bool           { return v.a.server.Draining() }
func (v view) Chains() []*core.Chain    { return v.a.server.Chains() }
func (v view) Sessions() any            { return v.a.server.Snapshots(snapshotLimit) }
func (v view) Pool(n string) *core.Pool { return v.a.backends.Pool(n) }

// Filters are the user filters, and why the last change of their files is not in force.
func (v view) Filters() any {
	return struct {
		Filters   []wasm.FilterView `json:"filters"`
		LastError string            `json:"last_error"`
	}{v.a.kinds.wasm.Filters(), v.a.kinds.wasm.LastError()}
}

// Connections are the servers' connections that sessions share.
func (v view) Connections() any {
	type connections struct {
		Pool        string  `json:"pool"`
		Backend     string  `json:"backend"`
		Max         int     `json:"max"`
		Idle        int     `json:"idle"`
		Lent        int     `json:"lent"`
		Lingering   int     `json:"lingering"` // of the lent ones
		Opening     int     `json:"opening"`
		Waiting     int     `json:"waiting_sessions"`
		LongestWait float64 `json:"longest_wait_seconds"`
	}
	all := []connections{}
	for _, l := range v.a.server.Lendings() {
		all = append(all, connections{l.Pool, l.Backend, l.Max, l.Idle, l.Lent, l.Lingering, l.Opening, l.Waiting, l.LongestWait.Seconds()})
	}
	return map[string]any{"connections": all}
}

// Mode is how the server of a session reads texts, and its default schema.
func (v view) Mode(id uint32) (m stmt.Mode, schema string, ok bool) {
	return v.a.server.Mode(id, snapshotLimit)
}

func (v view) Listeners() []admin.Listener {
	cfg := v.a.config()
	if cfg == nil {
		return nil
	}
	all := make([]admin.Listener, 0, len(cfg.Listeners))
	for _, l := range cfg.Listeners {
		all = append(all, admin.Listener{Name: l.Name, Pool: l.Pool, Open: v.a.server.Addr(l.Name) != nil})
	}
	return all
}

func (v view) Backends() []*core.Backend {
	sources := v.a.backends.Sources()
	all := make([]*core.Backend, len(sources))
	for i, src := range sources {
		all[i] = src.Backend
	}
	return all
}

func (v view) Config() admin.Config {
	v.a.mu.Lock()
	defer v.a.mu.Unlock()
	c := admin.Config{Path: v.a.src.Path, Since: v.a.since, LastError: v.a.refused}
	if v.a.cfg != nil {
		c.Hash, c.Settings = v.a.cfg.Hash, &v.a.cfg.Settings
	}
	return c
}

// startAdmin opens the HTTP side. Its address is fixed at start.
func (a *app) startAdmin() (*admin.Server, error) {
	v, commit, goVersion := buildInfo()
	return admin.Open(admin.Options{
		Settings: a.config().Admin, Metrics: a.metrics.Handler(), Log: a.log,
		Health: view{a}, View: view{a}, Modes: view{a}, Filters: view{a}.Filters, Connections: view{a}.Connections,
		Version: admin.Version{Version: v, Commit: commit, GoVersion: goVersion},
	})
}

// reporter is metrics.Proxy as the data path knows it.
type reporter struct{ *metrics.Proxy }

func (r reporter) Commands(pool, backend string) proxy.CommandReporter {
	return r.Proxy.Commands(pool, backend)
}
