package admin

import (
	"net/http"

	"github.com/dbmesh/dbmesh/core"
)

func (s *Server) json(what func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { s.document(w, http.StatusOK, what()) }
}

type chainView struct {
	Name        string   `json:"name"`
	Generation  uint64   `json:"generation"`
	Slow        bool     `json:"slow"`
	Links       []string `json:"links"`
	Quarantined []string `json:"quarantined"`
}

func (s *Server) chains() any {
	views := []chainView{}
	for _, ch := range s.o.View.Chains() {
		views = append(views, chainView{ch.Name(), ch.Generation(), ch.Slow(), ch.Links(), ch.Quarantined()})
	}
	return map[string]any{"chains": views}
}

type backendView struct {
	Pool     string  `json:"pool"`
	Name     string  `json:"name"`
	Address  string  `json:"address"`
	State    string  `json:"state"`
	Weight   int     `json:"weight"`
	Sessions int64   `json:"sessions"`
	Running  int64   `json:"running_commands"`
	Latency  float64 `json:"latency_seconds"`
	// Lag is nil where it isn't watched or known.
	Lag    *float64 `json:"lag_seconds"`
	Behind bool     `json:"behind"`
}

func (s *Server) backends() any {
	views := []backendView{}
	for _, b := range s.o.View.Backends() {
		views = append(views, backendView{
			b.Pool, b.Name, b.Address, b.State().String(), b.Weight, b.Sessions(), b.Running(), b.Latency().Seconds(),
			lagOf(b), b.Behind(),
		})
	}
	return map[string]any{"backends": views}
}

func lagOf(b *core.Backend) *float64 {
	lag, known := b.Lag()
	if !known {
		return nil
	}
	seconds := lag.Seconds()
	return &seconds
}

func (s *Server) filters() any {
	if s.o.Filters == nil {
		return map[string]any{"filters": []any{}}
	}
	return s.o.Filters()
}

func (s *Server) connections() any {
	if s.o.Connections == nil {
		return map[string]any{"connections": []any{}}
	}
	return s.o.Connections()
}

func (s *Server) sessions() any {
	return map[string]any{"sessions": s.o.View.Sessions()}
}

func (s *Server) config() any {
	c := s.o.View.Config()
	return map[string]any{
		"path": c.Path, "hash": c.Hash, "since": c.Since, "last_error": c.LastError, "settings": show(c.Settings),
	}
}
