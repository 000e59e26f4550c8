package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ProxyHeader is what a PROXY protocol header says about the connection behind it. The
// addresses are not valid if it says nothing: for a health check of the proxy itself
// (LOCAL), for an unknown transport, or for one without IP addresses. An IPv4 address
// mapped to IPv6 is given as IPv4.
type ProxyHeader struct {
	Source, Dest netip.AddrPort
}

// The longest headers that are read: a version 1 header is one line; what a version 2
// header may carry behind its fixed part has a limit of ours, for its own is 64 KiB.
const (
	proxyLineMax  = 107
	proxyFixed    = 16
	proxyExtraMax = 2048
)

const (
	proxyText   = "PROXY "
	proxyBinary = "\r\n\r\n\x00\r\nQUIT\n"
)

// Fields of a version 2 header.
const (
	proxyLocal   = 0x20
	proxyRelayed = 0x21
	proxyTCP4    = 0x11
	proxyTCP6    = 0x21
	proxyLen4    = 4 + 4 + 2 + 2
	proxyLen6    = 16 + 16 + 2 + 2
)

// HasProxyPrefix says whether b begins like a PROXY header; needMore says that b is too
// short to tell.
func HasProxyPrefix(b []byte) (match, needMore bool) {
	for _, sign := range []string{proxyText, proxyBinary} {
		n := min(len(b), len(sign))
		if string(b[:n]) == sign[:n] {
			return n == len(sign), n < len(sign)
		}
	}
	return false, false
}

// ParseProxyHeader decodes the PROXY header, of version 1 or 2, at the start of a
// connection. It returns the header's length, or 0 and no error if more bytes are needed.
func ParseProxyHeader(b []byte) (h ProxyHeader, n int, err error) {
	match, needMore := HasProxyPrefix(b)
	switch {
	case needMore:
	case !match:
		err = ErrMalformed
	case b[0] == proxyText[0]:
		h, n, err = parseProxyLine(b)
	default:
		h, n, err = parseProxyBinary(b)
	}
	if err != nil {
		return ProxyHeader{}, 0, fmt.Errorf("proxy header: %w", err)
	}
	return h, n, nil
}

func parseProxyLine(b []byte) (h ProxyHeader, n int, err error) {
	line := b[:min(len(b), proxyLineMax)]
	end := bytes.Index(line, []byte("\r\n"))
	if end < 0 {
		if len(line) == proxyLineMax {
			err = ErrMalformed
		}
		return h, 0, err
	}
	f := strings.Split(string(line[len(proxyText):end]), " ")
	n = end + 2
	if f[0] == "UNKNOWN" { // what follows has no meaning
		return h, n, nil
	}
	if len(f) != 5 || f[0] != "TCP4" && f[0] != "TCP6" {
		return h, 0, ErrMalformed
	}
	if h.Source, err = proxyAddr(f[0], f[1], f[3]); err == nil {
		h.Dest, err = proxyAddr(f[0], f[2], f[4])
	}
	return h, n, err
}

// proxyAddr reads one end of a version 1 header. Both the address and the port must be
// written plainly: no zone, no sign, no leading zero.
func proxyAddr(family, addr, port string) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Zone() != "" || a.Is4() != (family == "TCP4") {
		return netip.AddrPort{}, ErrMalformed
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil || port[0] == '0' && port != "0" {
		return netip.AddrPort{}, ErrMalformed
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), nil
}

func parseProxyBinary(b []byte) (h ProxyHeader, n int, err error) {
	if len(b) < proxyFixed {
		return h, 0, nil
	}
	verb, family := b[12], b[13]
	length := int(binary.BigEndian.Uint16(b[14:]))
	if verb != proxyLocal && verb != proxyRelayed || length > proxyExtraMax {
		return h, 0, ErrMalformed
	}
	ip := 0
	if verb == proxyRelayed {
		switch family {
		case proxyTCP4:
			ip = 4
		case proxyTCP6:
			ip = 16
		}
	}
	if length < 2*ip+4 && ip > 0 {
		return h, 0, ErrMalformed
	}
	if len(b) < proxyFixed+length {
		return h, 0, nil
	}
	if ip > 0 {
		ends := b[proxyFixed:]
		h.Source = proxyEnd(ends[:ip], ends[2*ip:])
		h.Dest = proxyEnd(ends[ip:2*ip], ends[2*ip+2:])
	}
	return h, proxyFixed + length, nil
}

func proxyEnd(ip, port []byte) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a.Unmap(), binary.BigEndian.Uint16(port))
}

// AppendProxyHeader encodes a PROXY header: of version 1 if that is asked for, otherwise
// of version 2. Unless both addresses are valid it says that they are not known.
func AppendProxyHeader(b []byte, version int, source, dest netip.AddrPort) []byte {
	src, dst := source.Addr().Unmap().WithZone(""), dest.Addr().Unmap().WithZone("")
	known, four := src.IsValid() && dst.IsValid(), src.Is4() && dst.Is4()
	if version == 1 {
		switch {
		case !known:
			return append(b, "PROXY UNKNOWN\r\n"...)
		case four:
			return fmt.Appendf(b, "PROXY TCP4 %s %s %d %d\r\n", src, dst, source.Port(), dest.Port())
		}
		src, dst = netip.AddrFrom16(src.As16()), netip.AddrFrom16(dst.As16())
		return fmt.Appendf(b, "PROXY TCP6 %s %s %d %d\r\n", src, dst, source.Port(), dest.Port())
	}
	b = append(b, proxyBinary...)
	switch {
	case !known:
		return append(b, proxyLocal, 0, 0, 0)
	case four:
		b = append(b, proxyRelayed, proxyTCP4, 0, proxyLen4)
		b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	default:
		from, to := src.As16(), dst.As16()
		b = append(b, proxyRelayed, proxyTCP6, 0, proxyLen6)
		b = append(append(b, from[:]...), to[:]...)
	}
	b = binary.BigEndian.AppendUint16(b, source.Port())
	return binary.BigEndian.AppendUint16(b, dest.Port())
}
