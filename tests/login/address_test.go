package login

import (
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// behind starts dbmesh that believes PROXY headers from a network and sends them on.
func behind(t *testing.T, b *servers.Backend, trusted, version string) *sidecar.Dbmesh {
	t.Helper()
	return sidecar.With(t, `
listeners:
  - address: ${LISTEN}
    proxy_protocol_from: [`+trusted+`]
pools:
  - name: backends
    health: {interval: 10s, timeout: 10s}
    proxy_protocol: `+version+`
    backends:
      - address: ${BACKEND}
`, "BACKEND="+b.Addr)
}

func TestTheServerSeesTheAddressFromAPROXYHeader(t *testing.T) {
	b := shared.MariaDB(t).Backend
	client, dest := netip.MustParseAddrPort("192.0.2.9:4711"), netip.MustParseAddrPort("192.0.2.1:3306")
	six, dest6 := netip.MustParseAddrPort("[2001:db8::9]:4711"), netip.MustParseAddrPort("[2001:db8::1]:3306")
	for _, out := range []string{"v1", "v2"} {
		d := behind(t, b, "127.0.0.0/8", out)
		for _, tc := range []struct {
			title, want string
			header      []byte
		}{
			{"v1", "app@192.0.2.9", wire.AppendProxyHeader(nil, 1, client, dest)},
			{"v2", "app@192.0.2.9", wire.AppendProxyHeader(nil, 2, client, dest)},
			{"v1 with IPv6", "app@2001:db8::9", wire.AppendProxyHeader(nil, 1, six, dest6)},
			{"v2 with IPv6", "app@2001:db8::9", wire.AppendProxyHeader(nil, 2, six, dest6)},
			{"v1 unknown", "app@127.0.0.1", []byte("PROXY UNKNOWN\r\n")},
			{"v2 local", "app@127.0.0.1", wire.AppendProxyHeader(nil, 2, netip.AddrPort{}, netip.AddrPort{})},
		} {
			t.Run(out+"/"+tc.title, func(t *testing.T) {
				r, err := dial(t, "tcp", d.Addr, tc.header...)
				must(t, err)
				must(t, r.login(servers.AppUser, servers.AppPassword, ""))
				if got := r.mustValue(t, "SELECT USER()"); got != tc.want {
					t.Errorf("the server sees %s, want %s", got, tc.want)
				}
			})
		}
	}
}

// TestTheServerSeesTheClientsOwnAddress has no proxy before dbmesh.
func TestTheServerSeesTheClientsOwnAddress(t *testing.T) {
	b := shared.MariaDB(t).Backend
	d := behind(t, b, "", "v2")
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	n, err := from.Dial("tcp", d.Addr)
	must(t, err)
	defer n.Close()
	_ = n.SetDeadline(time.Now().Add(rawWait))
	r := &raw{Conn: wire.NewConn(n), net: n, caps: rawCaps}
	p, err := r.ReadPacket()
	must(t, err)
	r.greeting, err = wire.ParseGreeting(p)
	must(t, err)
	r.caps &= r.greeting.Caps | wire.LongPassword
	r.plugin, r.challenge = r.greeting.Plugin, r.greeting.Scramble
	must(t, r.login(servers.AppUser, servers.AppPassword, ""))
	if got := r.mustValue(t, "SELECT USER()"); got != "app@127.0.0.2" {
		t.Errorf("the server sees %s", got)
	}
}

func TestAPROXYHeaderFromElsewhereIsNotBelieved(t *testing.T) {
	b := shared.MariaDB(t).Backend
	header := wire.AppendProxyHeader(nil, 1, netip.MustParseAddrPort("192.0.2.9:4711"), netip.MustParseAddrPort("192.0.2.1:3306"))
	d := behind(t, b, "10.0.0.0/8", "v1")
	r, err := dial(t, "tcp", d.Addr, header...)
	if err == nil {
		err = r.login(servers.AppUser, servers.AppPassword, "")
	}
	if err == nil {
		t.Fatalf("it was: the server sees %s", r.mustValue(t, "SELECT USER()"))
	}
	if strings.Contains(d.Log(), "client=192.0.2.9") {
		t.Error("the log believes it")
	}
	must(t, enter(t, d.Addr, servers.AppUser, servers.AppPassword, "").net.Close())
}

// TestUnixSocketsAreAsDirect has dbmesh listen on one and reach the server by another: the
// client is at localhost then, for whom root's account is.
func TestUnixSocketsAreAsDirect(t *testing.T) {
	b := shared.MariaDB(t).Backend
	b.SQL(t, "DROP USER IF EXISTS here@localhost; CREATE USER here@localhost IDENTIFIED BY 'x'")
	socket := filepath.Join(t.TempDir(), "s")
	sidecar.With(t, `
listeners:
  - address: ${LISTEN}
  - address: unix:`+socket+`
pools:
  - name: backends
    health: {interval: 10s, timeout: 10s}
    backends:
      - address: unix:`+b.Socket+`
`)
	for _, c := range allClients(t) {
		for _, at := range []attempt{{User: "here", Password: "x"}, {User: "here", Password: "wrong"}, {User: "nobody"}, {User: "root"}} {
			at.Socket = b.Socket
			direct := try(t, c, at)
			at.Socket = socket
			if through := try(t, c, at); direct.String() != through.String() {
				t.Errorf("%s as %s:\n direct: %s\nthrough: %s", c.name(), at.User, direct, through)
			}
		}
	}
}
