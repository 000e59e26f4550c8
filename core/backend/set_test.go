package backend

import (
	"crypto/rsa"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// idle is a pool whose backends are never reached in a test: nothing listens there.
func idle(name string, addresses ...string) core.PoolSettings {
	p := core.PoolSettings{Name: name, TLS: core.ClientTLSSettings{Mode: "off"}}
	for _, a := range addresses {
		p.Backends = append(p.Backends, core.BackendSettings{Address: a})
	}
	return p
}

func commit(t *testing.T, s *Set, pools ...core.PoolSettings) {
	t.Helper()
	n, err := s.Prepare(pools)
	if err != nil {
		t.Fatal(err)
	}
	s.Commit(n)
}

func TestCommitKeepsBackendsThatStay(t *testing.T) {
	s := New(nil, nil)
	defer s.Close()
	commit(t, s, idle("a", "127.0.0.1:1", "127.0.0.1:2"), idle("b", "127.0.0.1:1"))
	before := s.Sources()
	stays, goes := before[0], before[1]
	stays.Backend.AddSession(3)
	stays.SawGreeting(&wire.Greeting{Version: "8.4.0"})

	a := idle("a", "127.0.0.1:1", "127.0.0.1:3")
	commit(t, s, a)
	if got := s.Sources(); len(got) != 2 || got[0] != stays {
		t.Fatalf("the backend that stays was replaced: %v", got)
	}
	if s.Source(goes.Backend) != nil || !goes.Draining() || goes.Backend.State() != core.Draining {
		t.Error("the removed backend doesn't drain")
	}
	if s.Pool("b") != nil || len(s.Pool("a").Backends) != 2 {
		t.Error("the pools are wrong")
	}
	if _, ok := goes.Addr(); !ok {
		t.Error("a removed backend lost its address, which its sessions need for a cancel")
	}

	a.Health.Interval = time.Minute
	commit(t, s, a)
	now := s.Source(stays.Backend)
	if now == nil || now == stays || now.Backend.Sessions() != 3 || now.Greeting() == nil || now.Pool.Health.Interval != time.Minute {
		t.Error("a change of settings lost what is known of the backend")
	}
	if stays.Draining() {
		t.Error("a change of settings drains the backend")
	}
}

func TestChangeOfWeightKeepsSessionsAndFigures(t *testing.T) {
	s := New(nil, nil)
	defer s.Close()
	p := idle("a", "127.0.0.1:1")
	commit(t, s, p)
	was := s.Pool("a").Backends[0]
	was.AddSession(5)
	for weight := range 3 {
		p.Backends = []core.BackendSettings{{Address: "127.0.0.1:1", Weight: &weight}}
		commit(t, s, p)
		is := s.Pool("a").Backends[0]
		if is.Weight != weight || is.Sessions() != 5 || s.Source(was) == nil || s.Source(was) != s.Source(is) {
			t.Errorf("weight %d: %+v", weight, is)
		}
	}
	was.AddSession(-5)
	is := s.Pool("a").Backends[0]
	if is.Sessions() != 0 || was.State() == core.Draining {
		t.Errorf("%d sessions, state %s", is.Sessions(), was.State())
	}
	commit(t, s)
	if was.State() != core.Draining || is.Usable() || s.Source(was) != nil {
		t.Error("the removed backend doesn't drain under each of its weights")
	}
}

func TestReadersNeverSeeHalfAChange(t *testing.T) {
	s := New(nil, nil)
	defer s.Close()
	commit(t, s, idle("a", "127.0.0.1:1", "127.0.0.1:2"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			if i%2 == 0 {
				commit(t, s, idle("a", "127.0.0.1:1", "127.0.0.1:3"))
			} else {
				commit(t, s, idle("a", "127.0.0.1:1", "127.0.0.1:2"))
			}
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
		}
		if p := s.Pool("a"); len(p.Backends) != 2 {
			t.Fatalf("%d backends", len(p.Backends))
		}
		s.Greeting("a")
	}
}

func TestPrepareRefusesWhatCannotWork(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.pem")
	if err := os.WriteFile(garbage, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	minus := -1
	for says, change := range map[string]func(*core.PoolSettings){
		"neither host:port":          func(p *core.PoolSettings) { p.Backends[0].Address = "db1" },
		"not a number from 1":        func(p *core.PoolSettings) { p.Backends[0].Address = "db1:99999" },
		"names no unix socket":       func(p *core.PoolSettings) { p.Backends[0].Address = "unix:" },
		"names no host":              func(p *core.PoolSettings) { p.Backends[0].Address = ":3306" },
		"there are two of this name": func(p *core.PoolSettings) { p.Backends = append(p.Backends, p.Backends[0]) },
		"it has no backends":         func(p *core.PoolSettings) { p.Backends = nil },
		"a weight is not negative":   func(p *core.PoolSettings) { p.Backends[0].Weight = &minus },
		"is none of off, prefer":     func(p *core.PoolSettings) { p.TLS.Mode = "on" },
		"verifies nobody":            func(p *core.PoolSettings) { p.TLS.Mode, p.TLS.CA = "prefer", garbage },
		"holds no certificate":       func(p *core.PoolSettings) { p.TLS.Mode, p.TLS.CA = "", garbage },
		"no such file":               func(p *core.PoolSettings) { p.PublicKey = filepath.Join(dir, "absent") },
		"not PEM":                    func(p *core.PoolSettings) { p.PublicKey = garbage },
		"need one another":           func(p *core.PoolSettings) { p.TLS.Mode, p.TLS.Cert = "prefer", garbage },
		"without control.user":       func(p *core.PoolSettings) { p.Control.Password = core.NewSecret("x") },
		"none of off, v1, v2":        func(p *core.PoolSettings) { p.ProxyProtocol = "v3" },
		"a duration is negative":     func(p *core.PoolSettings) { p.Health.Timeout = -1 },
		"tls.server_name is needed": func(p *core.PoolSettings) {
			p.TLS.Mode, p.Backends[0].Address = "verify", "/run/mysqld/mysqld.sock"
		},
	} {
		p := idle("a", "127.0.0.1:1")
		change(&p)
		s := New(nil, nil)
		_, err := s.Prepare([]core.PoolSettings{p})
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `pool "a"`) {
			t.Errorf("error %v, want %q", err, says)
		}
		s.Close()
	}
}

func TestNewCertificatesAreTakenOverWithoutDraining(t *testing.T) {
	certs := certificates(t)
	p := idle("a", "127.0.0.1:1")
	p.TLS = core.ClientTLSSettings{CA: certs.CA}
	s := New(nil, nil)
	defer s.Close()
	commit(t, s, p)
	first := s.Sources()[0]
	commit(t, s, p)
	if s.Sources()[0] != first {
		t.Error("the same files made a new source")
	}
	other := certificates(t)
	text, err := os.ReadFile(other.CA)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(certs.CA, text, 0o600); err != nil {
		t.Fatal(err)
	}
	commit(t, s, p)
	second := s.Sources()[0]
	_, was := first.TLS()
	_, is := second.TLS()
	if second.Backend != first.Backend || was.RootCAs.Equal(is.RootCAs) {
		t.Error("the new CA isn't in force")
	}
}

func TestGreetingIsWhatAllBackendsOfThePoolHave(t *testing.T) {
	s := New(nil, nil)
	s.Close() // so that no probe changes a state
	commit(t, s, idle("a", "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"), idle("b", "127.0.0.1:4"))
	if _, ok := s.Greeting("a"); ok {
		t.Error("a greeting without any backend's")
	}
	all := s.Sources()
	all[0].SawGreeting(&wire.Greeting{Version: "8.0.1", Caps: wire.Protocol41 | wire.DeprecateEOF})
	all[1].SawGreeting(&wire.Greeting{Version: "8.0.2", Caps: wire.Protocol41 | wire.SessionTrack, Collation: 45, Status: 2})
	all[1].Backend.SetState(core.Up)
	all[3].SawGreeting(&wire.Greeting{Version: "9.9.9"})
	g, ok := s.Greeting("a")
	if !ok || g.Version != "8.0.2" || g.Caps != wire.Protocol41 || g.Collation != 45 || g.Status != 2 {
		t.Errorf("greeting %+v", g)
	}
}

func TestPublicKeysInBothFormsAreRead(t *testing.T) {
	for _, kind := range []string{"PUBLIC KEY", "RSA PUBLIC KEY"} {
		path, key := publicKeyFile(t, kind)
		p := plain()
		p.PublicKey = path
		if got := prepared(t, p).PublicKey(); !got.Equal(key.Public().(*rsa.PublicKey)) {
			t.Errorf("%s: another key was read", kind)
		}
	}
}

func TestSecretsOfThePoolAreNotPrinted(t *testing.T) {
	p := plain()
	p.Control = core.ControlSettings{User: "dbmesh", Password: core.NewSecret("secret-canary")}
	src := prepared(t, p)
	if text := strings.ToLower(fmt.Sprintf("%+v", src.Pool)); strings.Contains(text, "canary") {
		t.Error(text)
	}
}
