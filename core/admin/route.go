package admin

import (
	"fmt"
	"net/http"
	"net/http/pprof"
)

const index = `dbmesh

/metrics                 for Prometheus
/livez                   the process answers; /healthz is the same
/readyz                  clients can be served; if not, the body says why
/startupz                the first config is in force
/api/v1/version          what is running
/api/v1/config           the configuration in force, without its secrets
/api/v1/chains           the chains of filters in force
/api/v1/filters          the user filters, and why one is not in force
/api/v1/backends         the backends and their health
/api/v1/sessions         the clients' sessions, and what ties each to its connection
/api/v1/connections      the connections that sessions share
POST /api/v1/explain     what dbmesh knows of the SQL in the body; flavour, version,
                         sql_mode and charset may be given as parameters
POST /api/v1/sessions/ID/explain    the same, as the server of that session reads it
POST /quitquitquit       drain and end; from this machine only
`

// handler knows all paths.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		text(w, http.StatusOK, index)
	})
	mux.Handle("GET /metrics", s.o.Metrics)
	mux.HandleFunc("GET /livez", alive)
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /startupz", s.started)
	mux.HandleFunc("GET /api/v1/version", s.json(func() any { return s.o.Version }))
	mux.HandleFunc("GET /api/v1/config", s.json(s.config))
	mux.HandleFunc("GET /api/v1/chains", s.json(s.chains))
	mux.HandleFunc("GET /api/v1/filters", s.json(s.filters))
	mux.HandleFunc("GET /api/v1/backends", s.json(s.backends))
	mux.HandleFunc("GET /api/v1/sessions", s.json(s.sessions))
	mux.HandleFunc("GET /api/v1/connections", s.json(s.connections))
	mux.Handle("/api/v1/explain", s.explains(s.explainAny))
	mux.Handle("/api/v1/sessions/{id}/explain", s.explains(s.explainLive))
	mux.Handle("POST /quitquitquit", http.NewCrossOriginProtection().Handler(s.local(s.drain)))
	if s.o.Settings.Pprof {
		for path, h := range map[string]http.HandlerFunc{
			"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
			"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
		} {
			mux.Handle("GET "+path, s.named(h))
		}
	}
	return plain(mux)
}

// plain keeps browsers from guessing and caches from keeping.
func plain(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}

func text(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func (s *Server) drain(w http.ResponseWriter, r *http.Request) {
	s.once.Do(func() {
		s.o.Log.Info("asked to end over HTTP", "client", r.RemoteAddr)
		close(s.quit)
	})
	text(w, http.StatusOK, "draining\n")
}
