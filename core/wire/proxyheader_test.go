package wire

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func end(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func v2(verb, family byte, length uint16, rest string) string {
	return proxyBinary + string([]byte{verb, family, byte(length >> 8), byte(length)}) + rest
}

const (
	ends4 = "\x0a\x00\x00\x01\x0a\x00\x00\x02\x1f\x90\x0c\xea"
	zero8 = "\x00\x00\x00\x00\x00\x00\x00\x00"
)

func TestProxyHeadersAreUnderstood(t *testing.T) {
	four := ProxyHeader{end("10.0.0.1:8080"), end("10.0.0.2:3306")}
	for name, c := range map[string]struct {
		b    string
		want ProxyHeader
	}{
		"1, IPv4":          {"PROXY TCP4 10.0.0.1 10.0.0.2 8080 3306\r\n", four},
		"1, IPv6":          {"PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", ProxyHeader{end("[2001:db8::1]:65535"), end("[::1]:0")}},
		"1, mapped":        {"PROXY TCP6 ::ffff:10.0.0.1 ::ffff:10.0.0.2 8080 3306\r\n", four},
		"1, longest":       {"PROXY TCP6 " + strings.Repeat("ffff:", 7) + "ffff " + strings.Repeat("ffff:", 7) + "ffff 65535 65535\r\n", ProxyHeader{end("[" + strings.Repeat("ffff:", 7) + "ffff]:65535"), end("[" + strings.Repeat("ffff:", 7) + "ffff]:65535")}},
		"1, unknown":       {"PROXY UNKNOWN\r\n", ProxyHeader{}},
		"1, unknown, more": {"PROXY UNKNOWN ffff::1 what ever 1\r\n", ProxyHeader{}},
		"2, IPv4":          {v2(0x21, 0x11, 12, ends4), four},
		"2, IPv6":          {v2(0x21, 0x21, 36, "\x20\x01\x0d\xb8\x00\x00\x00\x00"+zero8[1:]+"\x01"+zero8+zero8[1:]+"\x01\x00\x01\x00\x02"), ProxyHeader{end("[2001:db8::1]:1"), end("[::1]:2")}},
		"2, more behind":   {v2(0x21, 0x11, 16, ends4+"\x04\x00\x01x"), four},
		"2, most behind":   {v2(0x21, 0x11, 2048, ends4+strings.Repeat("x", 2036)), four},
		"2, local":         {v2(0x20, 0, 0, ""), ProxyHeader{}},
		"2, local, IPv4":   {v2(0x20, 0x11, 12, ends4), ProxyHeader{}},
		"2, unspecified":   {v2(0x21, 0, 3, "abc"), ProxyHeader{}},
		"2, UDP":           {v2(0x21, 0x12, 12, ends4), ProxyHeader{}},
		"2, unix":          {v2(0x21, 0x31, 216, strings.Repeat("/", 216)), ProxyHeader{}},
	} {
		h, n, err := ParseProxyHeader([]byte(c.b + "behind"))
		if h != c.want || n != len(c.b) || err != nil {
			t.Errorf("%s: %v, %d of %d bytes, %v", name, h, n, len(c.b), err)
		}
		for i := range c.b {
			match, needMore := HasProxyPrefix([]byte(c.b[:i]))
			if sign := 6; c.b[0] == 'P' && (match != (i >= sign) || needMore != (i < sign)) {
				t.Errorf("%s: the prefix of %d bytes: %t, %t", name, i, match, needMore)
			}
			if h, n, err := ParseProxyHeader([]byte(c.b[:i])); h != (ProxyHeader{}) || n != 0 || err != nil {
				t.Errorf("%s: the first %d bytes gave %v, %d, %v", name, i, h, n, err)
			}
		}
	}
}

func TestMalformedProxyHeadersAreRefusedForGood(t *testing.T) {
	for _, b := range []string{
		"PROXY TCP4 10.0.0.1 10.0.0.2 8080\r\n", "PROXY TCP4 10.0.0.1 10.0.0.2 8080 3306 1\r\n",
		"PROXY TCP4  10.0.0.1 10.0.0.2 8080 3306\r\n", "PROXY TCP5 10.0.0.1 10.0.0.2 8080 3306\r\n",
		"PROXY TCP4 ::1 ::1 8080 3306\r\n", "PROXY TCP6 10.0.0.1 10.0.0.2 8080 3306\r\n",
		"PROXY TCP4 10.0.0.01 10.0.0.2 8080 3306\r\n", "PROXY TCP4 10.0.0 10.0.0.2 8080 3306\r\n",
		"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "PROXY TCP4 10.0.0.1 10.0.0.2 65536 3306\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 +80 3306\r\n", "PROXY TCP4 10.0.0.1 10.0.0.2 080 3306\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 -1 3306\r\n", "PROXY TCP4 10.0.0.1 10.0.0.2 1  2\r\n",
		"PROXY TCP4 a b c d\r\n", "PROXY \r\n", "PROXY tcp4 10.0.0.1 10.0.0.2 1 2\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2  \r\n", "PROXY UNKNOWN" + strings.Repeat(" ", 100),
		v2(0x22, 0x11, 12, ends4), v2(0x11, 0x11, 12, ends4), v2(0x21, 0x11, 11, ends4), v2(0x21, 0x21, 35, ""),
		v2(0x21, 0x11, 2049, ""), v2(0x20, 0, 65535, ""),
		"GET / HTTP/1.1\r\n", "PROXZ", "\r\n\r\n\x00\r\nQUIX", "\x01\x00\x00\x01\x00",
	} {
		for _, more := range []string{"", "x", strings.Repeat("y", 3000)} {
			if h, n, err := ParseProxyHeader([]byte(b + more)); !errors.Is(err, ErrMalformed) || n != 0 || h != (ProxyHeader{}) {
				t.Errorf("%q with %d more bytes: %v, %d, %v", b, len(more), h, n, err)
			}
		}
	}
}

func TestProxyHeadersSurviveARoundTrip(t *testing.T) {
	none := netip.AddrPort{}
	for _, c := range []struct{ source, dest netip.AddrPort }{
		{end("10.0.0.1:8080"), end("10.0.0.2:3306")}, {end("[2001:db8::1]:1"), end("[::1]:65535")},
		{end("10.0.0.1:8080"), end("[::1]:3306")}, {none, none}, {end("0.0.0.0:0"), end("[::]:0")},
	} {
		for version := 1; version <= 2; version++ {
			b := AppendProxyHeader([]byte("x"), version, c.source, c.dest)[1:]
			h, n, err := ParseProxyHeader(b)
			if h != (ProxyHeader{c.source, c.dest}) || n != len(b) || err != nil {
				t.Errorf("version %d, %v: %q came back as %v, %d, %v", version, c, b, h, n, err)
			}
		}
	}
	for version := 1; version <= 2; version++ {
		b := AppendProxyHeader(nil, version, end("10.0.0.1:1"), none)
		if h, n, err := ParseProxyHeader(b); h != (ProxyHeader{}) || n != len(b) || err != nil {
			t.Errorf("half an address: %q came back as %v, %d, %v", b, h, n, err)
		}
	}
	b := AppendProxyHeader(nil, 1, end("[::ffff:10.0.0.1]:1"), end("10.0.0.2:2"))
	if !bytes.Equal(b, []byte("PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n")) {
		t.Errorf("a mapped address is sent as %q", b)
	}
	if b := AppendProxyHeader(nil, 1, end("[fe80::1%eth0]:1"), end("10.0.0.2:2")); string(b) != "PROXY TCP6 fe80::1 ::ffff:10.0.0.2 1 2\r\n" {
		t.Errorf("a zone is sent as %q", b)
	}
}
