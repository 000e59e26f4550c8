package admin

import (
	"net"
	"net/http"
	"net/netip"
)

// local lets only this machine in, by an address and not by a name that somebody else's
// DNS may have turned to it: a page in a browser here must not end the process.
func (s *Server) local(next http.HandlerFunc) http.Handler {
	return s.named(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !from.Addr().Unmap().IsLoopback() {
			text(w, http.StatusForbidden, "only from a loopback address, such as 127.0.0.1\n")
			return
		}
		next(w, r)
	})
}

// named wants the Host to be an address, localhost, or the name in the config.
func (s *Server) named(next http.HandlerFunc) http.Handler {
	own, _, _ := net.SplitHostPort(s.o.Settings.Address) // "" is nobody's name
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host // without a port
		}
		_, err = netip.ParseAddr(trimBrackets(host))
		if err != nil && host != "localhost" && (own == "" || host != own) {
			text(w, http.StatusForbidden, "ask by address or as localhost\n")
			return
		}
		next(w, r)
	})
}

func trimBrackets(host string) string {
	if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
		return host[1 : n-1]
	}
	return host
}
