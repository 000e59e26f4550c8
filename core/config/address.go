package config

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Ports to propose.
const (
	listenPort  = "6033"
	adminPort   = "6080"
	backendPort = "3306"
)

// address checks host:port, and unix:/path except for the HTTP side. usual is the port to
// propose. Only listening may be on every host or on a port that the kernel chooses.
func (v validator) address(key, address, usual string) {
	listen := usual != backendPort
	if path, ok := strings.CutPrefix(address, "unix:"); ok && usual != adminPort {
		if path == "" || len(path) > 100 { // Linux takes 107 bytes, others less
			v.add(key, "is %q, want unix:/path of at most 100 bytes", address)
		}
		return
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		v.add(key, "is %q, want host:port%s", address, hint(address, usual))
		return
	}
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || n == 0 && !listen:
		v.add(key, "is %q, whose port is not a number from 1 to 65535", address)
	case host == "" && !listen, strings.ContainsAny(host, " \t\n/"):
		v.add(key, "is %q, which names no host", address)
	}
}

// hint proposes what was probably meant by an address without a port or without a host.
func hint(address, port string) string {
	_, err := netip.ParseAddr(address)
	_, isNumber := strconv.ParseUint(address, 10, 16)
	switch {
	case isNumber == nil:
		return ", such as 127.0.0.1:" + address
	case strings.HasPrefix(address, "/") && port != adminPort:
		return ", or unix:" + address
	case err == nil, address != "" && !strings.ContainsAny(address, ":/ []"):
		return ", such as " + net.JoinHostPort(address, port)
	}
	return ""
}

func (v validator) network(key, network string) {
	if _, err := netip.ParsePrefix(network); err == nil {
		return
	}
	if a, err := netip.ParseAddr(network); err == nil {
		v.add(key, "is %q, want a network; one address is %s/%d", network, a, a.BitLen())
		return
	}
	v.add(key, "is %q, want a network such as 10.0.0.0/8", network)
}

func (v validator) atLeast(key string, value any, least int64) {
	var n int64
	switch value := value.(type) {
	case int:
		n = int64(value)
	case core.Size:
		n = int64(value)
	case time.Duration:
		n = int64(value)
	}
	switch {
	case n >= least:
	case least == 0:
		v.add(key, "is %v, which is negative", value)
	default:
		v.add(key, "is %v, which is too little", value)
	}
}

// listenAddress gives the address of a listener if no other can have the same.
func listenAddress(l core.ListenerSettings) string {
	if strings.HasSuffix(l.Address, ":0") {
		return ""
	}
	return l.Address
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return strings.HasPrefix(address, "unix:")
	}
	ip, err := netip.ParseAddr(cmp.Or(host, "0.0.0.0"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}
