package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// from127002 dials from an address that MariaDB keeps errors for: it exempts 127.0.0.1.
func from127002(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	return d.DialContext(ctx, network, address)
}

// strict starts a server that blocks a host after ten errors.
func strict(t *testing.T, opts ...servers.Option) *servers.Server {
	return servers.MariaDB(t, append(opts, servers.Flags("--skip-name-resolve=0", "--max-connect-errors=10"))...)
}

// one makes a Set with that server alone, probed for the first time.
func one(t *testing.T, server *servers.Backend, change func(*core.PoolSettings, *Set)) (*Set, *Source) {
	t.Helper()
	s := New(nil, nil)
	t.Cleanup(s.Close)
	p := idle("main", server.Addr)
	p.Health.Timeout = 10 * time.Second // a busy machine must not look like a server that is down
	if change != nil {
		change(&p, s)
	}
	commit(t, s, p)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s.Probe(ctx)
	return s, s.Sources()[0]
}

// loginFrom logs in from that address with the app account.
func loginFrom(t *testing.T, src *Source, h Hello) (*Link, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, release, err := src.dial(ctx)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	defer release()
	l, _, err := Login(&NetStream{conn}, src, h)
	if err != nil {
		conn.Close()
	}
	return l, err
}

func appHello() Hello {
	return Hello{User: servers.AppUser, Password: core.NewSecret(servers.AppPassword), Schema: servers.Schema, Caps: fakeCaps, Collation: 45, MaxPacket: 1 << 24}
}

func TestThousandProbesDoNotBlockTheHost(t *testing.T) {
	server := strict(t)
	s, src := one(t, server.Backend, func(p *core.PoolSettings, s *Set) {
		s.net.dial = from127002
		p.Health.Interval = time.Hour
	})
	start := time.Now()
	for range 1000 {
		s.Probe(t.Context())
		if src.Backend.State() != core.Up {
			t.Fatalf("the backend is %s", src.Backend.State())
		}
	}
	t.Logf("%s per probe", time.Since(start)/1000)
	if _, err := loginFrom(t, src, appHello()); err != nil {
		t.Errorf("login after the probes: %v", err)
	}
	if n := server.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE user LIKE '%unauth%'"); n != "0" {
		t.Errorf("%s probes are still connected", n)
	}
}

// The test above proves nothing unless the server does block hosts.
func TestClosingAfterTheGreetingDoesBlockTheHost(t *testing.T) {
	server := strict(t)
	_, src := one(t, server.Backend, func(_ *core.PoolSettings, s *Set) { s.net.dial = from127002 })
	for range 12 {
		conn, err := from127002(t.Context(), "tcp", server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = greet(&NetStream{conn}, src, nil)
		conn.Close()
	}
	var e *wire.Err
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := loginFrom(t, src, appHello())
		if errors.As(err, &e) && e.Code == codeHostBlocked {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the host isn't blocked: %v", err)
		}
	}
}

func TestProbesOfAFrozenServerDoNotBlockTheHost(t *testing.T) {
	server := strict(t)
	s, src := one(t, server.Backend, func(p *core.PoolSettings, s *Set) {
		s.net.dial = from127002
		p.Health = core.HealthSettings{Interval: time.Hour, Timeout: 20 * time.Millisecond}
	})
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	for range 80 { // on a busy machine some don't get there in time
		s.Probe(t.Context())
	}
	if src.Backend.State() != core.Down {
		t.Errorf("a frozen backend is %s", src.Backend.State())
	}
	if err := server.Cont(); err != nil {
		t.Fatal(err)
	}
	server.Value(t, "SELECT 1") // it runs again
	aborted := func() int {
		n, err := strconv.Atoi(server.SQL(t, "SHOW GLOBAL STATUS LIKE 'Aborted_connects'")[0][1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	deadline := time.Now().Add(20 * time.Second)
	for aborted() < 40 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if n := aborted(); n < 40 {
		t.Errorf("only %d of the probes reached the server", n)
	}
	if _, err := loginFrom(t, src, appHello()); err != nil {
		t.Errorf("login after the freeze: %v", err)
	}
}

func TestStoppedMariaDBIsDownWithinThreeSeconds(t *testing.T) {
	server := servers.MariaDB(t)
	for _, control := range []bool{false, true} {
		t.Run(fmt.Sprintf("control account %v", control), func(t *testing.T) {
			_, src := one(t, server.Backend, func(p *core.PoolSettings, _ *Set) {
				p.Health.Timeout = 0 // as is usual
				if control {
					p.Control = core.ControlSettings{User: "root"}
				}
			})
			best := time.Hour
			for n := 0; best > 3*time.Second && n < 4; n++ { // others use the machine too
				until(t, src, core.Up, 20*time.Second)
				start := time.Now()
				if err := server.Stop(); err != nil {
					t.Fatal(err)
				}
				until(t, src, core.Down, 20*time.Second)
				best = min(best, time.Since(start))
				if err := server.Cont(); err != nil {
					t.Fatal(err)
				}
				t.Logf("down after %s, up again after %s", best, until(t, src, core.Up, 20*time.Second))
			}
			if best > 3*time.Second {
				t.Errorf("a stopped server is down after %s at best", best)
			}
		})
	}
}

func TestKilledMariaDBIsDownAtOnce(t *testing.T) {
	server := servers.MariaDB(t)
	_, src := one(t, server.Backend, nil)
	if err := server.Kill9(); err != nil {
		t.Fatal(err)
	}
	src.SawFailure(errors.New("connection reset by peer"))
	t.Logf("down after %s", until(t, src, core.Down, 10*time.Second))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, src, core.Up, 20*time.Second)
}

func TestControlAccountPingsOverOneConnection(t *testing.T) {
	server := shared.MariaDB(t)
	server.Create(t, servers.Account{Name: "dbmesh", Password: "control", Grant: "USAGE ON *.*"})
	s, src := one(t, server.Backend, func(p *core.PoolSettings, _ *Set) {
		p.Control = core.ControlSettings{User: "dbmesh", Password: core.NewSecret("control")}
	})
	ids := func() string {
		rows := server.SQL(t, "SELECT id FROM information_schema.processlist WHERE user='dbmesh'")
		return fmt.Sprint(rows)
	}
	first := ids()
	denied := server.SQL(t, "SHOW GLOBAL STATUS LIKE 'Access_denied_errors'")[0][1]
	for range 50 {
		s.Probe(t.Context())
	}
	if now := ids(); now != first || strings.Count(now, "[") != 2 {
		t.Errorf("control connections were %s, are %s", first, now)
	}
	if now := server.SQL(t, "SHOW GLOBAL STATUS LIKE 'Access_denied_errors'")[0][1]; now != denied {
		t.Errorf("%s logins were denied, before %s", now, denied)
	}
	server.SQL(t, "KILL USER dbmesh")
	s.Probe(t.Context())
	if now := ids(); now == first || src.Backend.State() != core.Up {
		t.Errorf("after a KILL: connections %s, state %s", now, src.Backend.State())
	}
	s.Close()
	deadline := time.Now().Add(20 * time.Second)
	for ids() != "[]" && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if now := ids(); now != "[]" {
		t.Errorf("after Close: connections %s", now)
	}
}

func TestWrongControlAccountLeavesTheBackendUp(t *testing.T) {
	server := strict(t)
	s, src := one(t, server.Backend, func(p *core.PoolSettings, s *Set) {
		s.net.dial = from127002
		p.Control = core.ControlSettings{User: "dbmesh", Password: core.NewSecret("wrong")}
	})
	for range 30 {
		s.Probe(t.Context())
	}
	if src.Backend.State() != core.Up {
		t.Errorf("the backend is %s", src.Backend.State())
	}
	if err := src.Kill(t.Context(), 1, true); err == nil {
		t.Error("a KILL without a login")
	}
}

func TestControlAccountThatDistrustsTheServerDoesNotBlockTheHost(t *testing.T) {
	server := strict(t)
	s, src := one(t, server.Backend, func(p *core.PoolSettings, s *Set) {
		s.net.dial = from127002
		p.Control = core.ControlSettings{User: "root"}
		p.TLS = core.ClientTLSSettings{CA: certificates(t).CA}
	})
	for range 30 {
		s.Probe(t.Context())
	}
	if src.Backend.State() != core.Up {
		t.Errorf("the backend is %s", src.Backend.State())
	}
	p := idle("main", server.Addr)
	login := prepared(t, p)
	login.net = s.net
	if _, err := loginFrom(t, login, appHello()); err != nil {
		t.Error(err)
	}
}

func TestLoginsThatDbmeshRefusesDoNotBlockTheHost(t *testing.T) {
	server := strict(t, servers.WithoutTLS())
	server.SQL(t, "INSTALL SONAME 'auth_pam_v1'; CREATE USER asked@'%' IDENTIFIED VIA pam")
	_, src := one(t, server.Backend, func(_ *core.PoolSettings, s *Set) { s.net.dial = from127002 })
	h := appHello()
	h.User = "asked"
	for range 30 {
		if _, err := loginFrom(t, src, h); !errors.Is(err, ErrPlugin) {
			t.Fatal(err)
		}
	}
	p := idle("main", server.Addr)
	p.TLS.Mode = "skip-verify"
	strictly := prepared(t, p)
	strictly.net = src.net
	for range 30 {
		if _, err := loginFrom(t, strictly, h); !errors.Is(err, ErrNoTLS) {
			t.Fatal(err)
		}
	}
	if _, err := loginFrom(t, src, appHello()); err != nil {
		t.Error(err)
	}
}

func TestKillCancelsTheStatement(t *testing.T) {
	server := shared.MariaDB(t)
	_, src := one(t, server.Backend, func(p *core.PoolSettings, _ *Set) {
		p.Control = core.ControlSettings{User: "root"}
	})
	l, err := loginFrom(t, src, appHello())
	if err != nil {
		t.Fatal(err)
	}
	start, ended := time.Now(), make(chan error, 1)
	go func() {
		line := line{link: l}
		ended <- line.do(comQuery, "DO SLEEP(30)")
	}()
	for server.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'") == "0" {
		time.Sleep(5 * time.Millisecond)
	}
	if err := src.Kill(t.Context(), l.Greeting.ConnectionID, true); err != nil {
		t.Fatal(err)
	}
	var e *wire.Err
	if err := <-ended; err != nil { // a SLEEP that is cancelled just returns
		t.Errorf("the statement ended with %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("the statement ran for %s", took)
	}
	if err := src.Kill(t.Context(), l.Greeting.ConnectionID, false); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Conn.ReadPacket(); err == nil {
		t.Error("the connection lives on after its KILL")
	}
	if err := src.Kill(t.Context(), 4_000_000_000, true); !errors.As(err, &e) || e.Code != 1094 {
		t.Errorf("KILL of nobody: %v", err)
	}
}

func TestLoginsToMariaDB(t *testing.T) {
	server := shared.MariaDB(t)
	server.Create(t, servers.Account{Name: "ed", Password: "pass", Plugin: servers.Ed25519})
	server.Create(t, servers.Account{Name: "secure", Password: "pass", Require: "SSL"})
	server.Create(t, servers.Account{Name: "mutual", Password: "pass", Require: "X509"})
	verify := core.ClientTLSSettings{CA: server.TLS.CA}
	mutual := core.ClientTLSSettings{CA: server.TLS.CA, Cert: server.TLS.ClientCert, Key: server.TLS.ClientKey}
	off := core.ClientTLSSettings{Mode: "off"}
	for name, c := range map[string]struct {
		user, password string
		tls            core.ClientTLSSettings
		proxy          string
		code           uint16
	}{
		"native":                        {user: "app", password: "app", tls: off},
		"native in TLS":                 {user: "app", password: "app", tls: verify},
		"native behind PROXY v1":        {user: "app", password: "app", tls: off, proxy: "v1"},
		"native in TLS behind PROXY v2": {user: "app", password: "app", tls: verify, proxy: "v2"},
		"native, wrong":                 {user: "app", password: "wrong", tls: off, code: 1045},
		"nobody":                        {user: "nobody", password: "x", tls: off, code: 1045},
		"ed25519":                       {user: "ed", password: "pass", tls: off},
		"ed25519 in TLS":                {user: "ed", password: "pass", tls: verify},
		"ed25519, wrong":                {user: "ed", password: "wrong", tls: off, code: 1045},
		"TLS is required":               {user: "secure", password: "pass", tls: off, code: 1045},
		"TLS is required and there":     {user: "secure", password: "pass", tls: core.ClientTLSSettings{}},
		"a certificate is required":     {user: "mutual", password: "pass", tls: verify, code: 1045},
		"a certificate is shown":        {user: "mutual", password: "pass", tls: mutual},
	} {
		t.Run(name, func(t *testing.T) {
			p := idle("main", server.Addr)
			p.TLS, p.ProxyProtocol = c.tls, c.proxy
			src := prepared(t, p)
			h := appHello()
			h.User, h.Password, h.ProxyHeader = c.user, core.NewSecret(c.password), src.header()
			l, err := loginFrom(t, src, h)
			if c.code != 0 {
				var e *wire.Err
				if !errors.As(err, &e) || e.Code != c.code {
					t.Errorf("error %v, want %d", err, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !l.Caps.Has(wire.SessionTrack|wire.DeprecateEOF) || l.TLS != (c.tls.Mode != "off") {
				t.Errorf("link %+v", l)
			}
			if err := (&line{link: l}).do(comPing, ""); err != nil {
				t.Errorf("a ping after the login: %v", err)
			}
		})
	}
}

func TestProbesSendAPROXYHeaderWhereThePoolDoes(t *testing.T) {
	server := shared.MariaDB(t)
	for _, version := range []string{"v1", "v2"} {
		_, src := one(t, server.Backend, func(p *core.PoolSettings, _ *Set) { p.ProxyProtocol = version })
		if src.Backend.State() != core.Up || src.Greeting() == nil {
			t.Errorf("%s: the backend is %s", version, src.Backend.State())
		}
	}
}

func TestUnixSocketIsDialledWithoutTLS(t *testing.T) {
	server := shared.MariaDB(t)
	p := idle("main", "unix:"+server.Socket)
	p.TLS.Mode = ""
	src := prepared(t, p)
	if a, ok := src.Addr(); !ok || !a.IsUnix() {
		t.Fatalf("address %s", a)
	}
	l, err := loginFrom(t, src, appHello())
	if err != nil || l.TLS {
		t.Errorf("TLS %v, error %v", l != nil && l.TLS, err)
	}
}

func TestTiDBIsProbedAndLoggedInTo(t *testing.T) {
	pool := shared.TiDB(t)
	server := pool.Ends[0]
	server.Create(t, servers.Account{Name: "sha", Password: "pass", Plugin: servers.CachingSHA2})
	s, src := one(t, server, nil)
	if src.Backend.State() != core.Up {
		t.Fatalf("the backend is %s", src.Backend.State())
	}
	if g, ok := s.Greeting("main"); !ok || !strings.Contains(g.Version, "TiDB") {
		t.Errorf("greeting %+v", g)
	}
	h := appHello()
	if _, err := loginFrom(t, src, h); err != nil {
		t.Errorf("native: %v", err)
	}
	h.User, h.Password = "sha", core.NewSecret("pass")
	if _, err := loginFrom(t, src, h); !errors.Is(err, ErrFullAuth) {
		t.Errorf("caching_sha2_password in the clear: %v", err)
	}
	p := idle("main", server.Addr)
	p.TLS = core.ClientTLSSettings{CA: server.TLS.CA}
	if _, err := loginFrom(t, prepared(t, p), h); err != nil {
		t.Errorf("caching_sha2_password in TLS: %v", err)
	}
}
