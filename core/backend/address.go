package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Address is where a backend listens: an IP address with its port, or the path of a unix
// socket. The zero value is no address.
type Address struct {
	IP   netip.AddrPort
	Path string // of a unix socket; IP is invalid then
}

// IsUnix says whether the address is a unix socket's.
func (a Address) IsUnix() bool { return a.Path != "" }

func (a Address) String() string {
	if a.IsUnix() {
		return a.Path
	}
	return a.IP.String()
}

func (a Address) network() string {
	if a.IsUnix() {
		return "unix"
	}
	return "tcp"
}

// target is an address as the config writes it: a fixed one, or a name to be resolved.
type target struct {
	fixed Address // the zero value if host is a name
	host  string  // "" for a unix socket
	port  uint16
}

func parseTarget(s string) (target, error) {
	path, unix := strings.CutPrefix(s, "unix:")
	if unix || strings.HasPrefix(s, "/") {
		if path == "" || strings.ContainsRune(path, 0) {
			return target{}, fmt.Errorf("address %q names no unix socket", s)
		}
		return target{fixed: Address{Path: path}}, nil
	}
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		return target{}, fmt.Errorf("address %q is neither host:port nor the path of a unix socket", s)
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 {
		return target{}, fmt.Errorf("address %q: port %q is not a number from 1 to 65535", s, digits)
	}
	if host == "" || strings.ContainsAny(host, " \t/") {
		return target{}, fmt.Errorf("address %q names no host", s)
	}
	t := target{host: host, port: uint16(port)}
	if ip, err := netip.ParseAddr(host); err == nil {
		t.fixed = Address{IP: netip.AddrPortFrom(ip.Unmap(), t.port)}
	}
	return t, nil
}

// named says whether the address must be resolved.
func (t target) named() bool { return t.fixed == (Address{}) }

// lookup finds the addresses of a name, IPv4 and IPv6, best first.
type lookup func(ctx context.Context, host string) ([]netip.Addr, error)

func systemLookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// resolve gives every address that the target has at the moment.
func (t target) resolve(ctx context.Context, find lookup) ([]Address, error) {
	if !t.named() {
		return []Address{t.fixed}, nil
	}
	ips, err := find(ctx, t.host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", t.host, err)
	}
	found := make([]Address, 0, len(ips))
	for _, ip := range ips {
		a := Address{IP: netip.AddrPortFrom(ip.Unmap(), t.port)}
		if !slices.Contains(found, a) {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("resolve %s: %w", t.host, errors.New("the name has no address"))
	}
	return found, nil
}
