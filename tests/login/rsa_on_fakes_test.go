package login

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// fakeSecret is the password of the fake's account.
const fakeSecret = "s3cret"

func beforeFake(t *testing.T, f *fakeServer, files *servers.TLS, pool, chains string) *sidecar.Dbmesh {
	t.Helper()
	return sidecar.With(t, `
listeners:
  - address: ${LISTEN}
    tls: {cert: "`+files.ServerCert+`", key: "`+files.ServerKey+`"}
pools:
  - name: backends
    health: {interval: 10s, timeout: 10s}
    `+pool+`
    backends:
      - {name: server, address: "`+f.addr+`"}
`+chains)
}

// through is one login over a hop to dbmesh.
func through(t *testing.T, address string, h hop, files *servers.TLS, password string) (*raw, error) {
	t.Helper()
	r, err := dial(t, "tcp", address)
	must(t, err)
	if h == encrypted {
		must(t, r.startTLS(files.Client()))
	}
	return r, r.login("app", password, "")
}

// TestOnFakesPassthroughExchangesPasswordsByRSA is caching_sha2_password whose server has
// not cached the account, in every combination of hops.
func TestOnFakesPassthroughExchangesPasswordsByRSA(t *testing.T) {
	files, err := servers.NewTLS(t.TempDir())
	must(t, err)
	stranger, err := wire.NewKeyPair()
	must(t, err)
	other := &fakeServer{keys: stranger}
	for _, tc := range []struct {
		title           string
		client, backend hop
		key             func(*fakeServer) string // the pool's public_key
		shape           []string
		code            int
		reason          string
		seen            []string
	}{
		{title: "no hop encrypted: the backend's key goes to the client", client: plain, backend: plain,
			shape: []string{"full", "key", "OK"}, seen: []string{"rsa"}},
		{title: "both hops encrypted: as it is", client: encrypted, backend: encrypted,
			shape: []string{"full", "OK"}, seen: []string{"clear"}},
		{title: "client plain, backend encrypted: by dbmesh's key", client: plain, backend: encrypted,
			shape: []string{"full", "key", "OK"}, seen: []string{"clear"}},
		{title: "client encrypted, backend plain, no key: refused", client: encrypted, backend: plain,
			code: 1045, reason: "public_key"},
		{title: "client encrypted, backend plain, its key pinned", client: encrypted, backend: plain,
			key: func(f *fakeServer) string { return f.key(t) }, shape: []string{"full", "OK"}, seen: []string{"rsa"}},
		{title: "client encrypted, backend plain, another key pinned: nobody reads it", client: encrypted, backend: plain,
			key: func(*fakeServer) string { return other.key(t) }, code: 1045, reason: "Access denied", seen: []string{"unreadable"}},
	} {
		t.Run(tc.title, func(t *testing.T) {
			secured := files.Server()
			if tc.backend == plain {
				secured = nil
			}
			f := startFake(t, fakeSecret, wire.SHA2, secured)
			pool := "tls: {mode: off}"
			if tc.backend == encrypted {
				pool = "tls: {mode: verify, ca: " + files.CA + "}"
			}
			if tc.key != nil {
				pool += "\n    public_key: " + tc.key(f)
			}
			d := beforeFake(t, f, files, pool, "")
			r, err := through(t, d.Addr, tc.client, files, fakeSecret)
			if tc.code != 0 {
				if code(err) != tc.code || !strings.Contains(err.Error(), tc.reason) {
					t.Fatalf("got %v, want %d with %q", err, tc.code, tc.reason)
				}
			} else {
				must(t, err)
				if got := r.mustValue(t, "SELECT 1"); got != "fake" {
					t.Errorf("the session answers %q", got)
				}
				if shape := afterSwitch(r); !slices.Equal(shape, tc.shape) {
					t.Errorf("cold: %q, want %q", shape, tc.shape)
				}
			}
			if seen := f.passwordsSeen(); !slices.Equal(seen, tc.seen) {
				t.Errorf("the server got the password as %q, want %q", seen, tc.seen)
			}
			if tc.code != 0 {
				return
			}
			r, err = through(t, d.Addr, tc.client, files, fakeSecret)
			must(t, err)
			if shape := afterSwitch(r); !slices.Equal(shape, []string{"fast", "OK"}) {
				t.Errorf("warm: %q", shape)
			}
			if _, err := through(t, d.Addr, tc.client, files, "wrong"); code(err) != 1045 {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

// afterSwitch is an exchange's shape without the one auth switch.
func afterSwitch(r *raw) []string {
	if len(r.shape) == 0 || !strings.HasPrefix(r.shape[0], "switch to caching_sha2_password") {
		return append([]string{"no switch"}, r.shape...)
	}
	return r.shape[1:]
}

// TestOnFakesNoClearPasswordPassesAPlainHop has a server that asks for one.
func TestOnFakesNoClearPasswordPassesAPlainHop(t *testing.T) {
	files, err := servers.NewTLS(t.TempDir())
	must(t, err)
	for _, client := range hops {
		for _, backend := range hops {
			t.Run(fmt.Sprintf("client %s, backend %s", client, backend), func(t *testing.T) {
				secured, pool := files.Server(), "tls: {mode: verify, ca: "+files.CA+"}"
				if backend == plain {
					secured, pool = nil, "tls: {mode: off}"
				}
				f := startFake(t, fakeSecret, wire.Clear, secured)
				d := beforeFake(t, f, files, pool, "")
				_, err := through(t, d.Addr, client, files, fakeSecret)
				if client == encrypted && backend == encrypted {
					must(t, err)
					return
				}
				if code(err) != 1045 || !strings.Contains(err.Error(), "in clear") {
					t.Errorf("got %v", err)
				}
				if seen := f.passwordsSeen(); len(seen) > 0 {
					t.Errorf("the server got the password: %q", seen)
				}
			})
		}
	}
}

// TestOnFakesListLogsInByRSA is dbmesh's own login to a server without TLS.
func TestOnFakesListLogsInByRSA(t *testing.T) {
	files, err := servers.NewTLS(t.TempDir())
	must(t, err)
	chains := fmt.Sprintf(`
chains:
  - name: default
    links:
      - kind: auth
        mode: list
        users:
          - {name: app, password: %q}
      - balancer
`, fakeSecret)
	f := startFake(t, fakeSecret, wire.SHA2, nil)
	d := beforeFake(t, f, files, "tls: {mode: off}\n    public_key: "+f.key(t), chains)
	_, err = through(t, d.Addr, plain, files, fakeSecret)
	must(t, err)
	if seen := f.passwordsSeen(); !slices.Equal(seen, []string{"rsa"}) {
		t.Errorf("the server got the password as %q", seen)
	}
	f.forget()
	d = beforeFake(t, f, files, "tls: {mode: off}", chains)
	if _, err := through(t, d.Addr, plain, files, fakeSecret); code(err) != 1429 || !strings.Contains(err.Error(), "public_key") {
		t.Errorf("without a key: %v", err)
	}
	if seen := f.passwordsSeen(); slices.Contains(seen, "rsa") || slices.Contains(seen, "clear") {
		t.Errorf("the server got the password as %q", seen)
	}
}

// TestAListedUserProvesAPasswordByRSAOnceThenQuickly is the client's hop alone, with a real
// server behind: the account's hash is mysql_native_password's, so dbmesh must first learn
// what verifies quick answers.
func TestAListedUserProvesAPasswordByRSAOnceThenQuickly(t *testing.T) {
	b := shared.MariaDB(t).Backend
	d := list(t, b, plain, []string{fmt.Sprintf("{name: app, password: '*%X', plugin: caching_sha2_password, backend: {user: app, password: app}}", wire.NativeHash("app"))})
	for _, want := range [][]string{{"full", "key", "OK"}, {"fast", "OK"}} {
		r, err := through(t, d.Addr, plain, b.TLS, "app")
		must(t, err)
		if shape := afterSwitch(r); !slices.Equal(shape, want) {
			t.Errorf("got %q, want %q", shape, want)
		}
	}
}
