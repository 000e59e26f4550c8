package admin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

func alive(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "alive\n") }

func (s *Server) started(w http.ResponseWriter, _ *http.Request) {
	if !s.o.Health.Started() {
		text(w, http.StatusServiceUnavailable, "starting: no config is in force yet\n")
		return
	}
	text(w, http.StatusOK, "started\n")
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	reasons := unready(s.o.Health)
	if len(reasons) == 0 {
		text(w, http.StatusOK, "ready\n")
		return
	}
	text(w, http.StatusServiceUnavailable, "not ready\n- "+strings.Join(reasons, "\n- ")+"\n")
}

// unready says why clients can't be served, nothing if they can.
func unready(h Health) []string {
	if !h.Started() {
		return []string{"no config is in force yet"}
	}
	var reasons []string
	if h.Draining() {
		reasons = append(reasons, "draining")
	}
	listeners := h.Listeners()
	if len(listeners) == 0 {
		reasons = append(reasons, "there is no listener")
	}
	for _, l := range listeners {
		if !l.Open {
			reasons = append(reasons, fmt.Sprintf("listener %q is not open", l.Name))
		}
		if why := unusable(h.Pool(l.Pool)); why != "" {
			reasons = append(reasons, fmt.Sprintf("pool %q of listener %q %s", l.Pool, l.Name, why))
		}
	}
	return reasons
}

func unusable(p *core.Pool) string {
	if p == nil {
		return "does not exist"
	}
	if len(p.Backends) == 0 {
		return "has no backend"
	}
	var states []string
	for _, b := range p.Backends {
		if b.Usable() && b.Weight > 0 {
			return ""
		}
		state := b.State().String()
		if b.Usable() {
			state = "of weight 0"
		}
		states = append(states, fmt.Sprintf("%s is %s", b.Name, state))
	}
	return "has no usable backend: " + strings.Join(states, ", ")
}
