package auth_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/auth"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func build(t *testing.T, text string) core.Filter {
	t.Helper()
	f, err := auth.Kind(nil).New("auth", coretest.Decode(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// account is what a login under the name would have to prove.
func account(t *testing.T, f core.Filter, name string) *core.Account {
	t.Helper()
	s := coretest.Session(func(s *core.Session) { s.User = name })
	v, err := f.(core.Connector).OnConnect(context.Background(), s)
	if err != nil || v.Reply() != nil {
		t.Fatalf("%q: verdict %+v, error %v", name, v.Reply(), err)
	}
	if s.Account == nil {
		t.Fatalf("%q has no account", name)
	}
	return s.Account
}

func nativeHash(password string) []byte {
	one := sha1.Sum([]byte(password))
	two := sha1.Sum(one[:])
	return two[:]
}

func sha2Hash(password string) []byte {
	one := sha256.Sum256([]byte(password))
	two := sha256.Sum256(one[:])
	return two[:]
}

func TestPassthroughIsTheDefaultAndKnowsNoPasswords(t *testing.T) {
	for _, text := range []string{"", "mode: passthrough"} {
		f := build(t, text)
		if !f.(core.Authenticator).Passthrough() {
			t.Errorf("%q is not passthrough", text)
		}
		if a := account(t, f, "anyone"); !a.Passthrough {
			t.Errorf("%q gives %+v", text, a)
		}
	}
}

func TestAClearPasswordIsVerifiedByEitherPluginAndUsedForTheBackend(t *testing.T) {
	f := build(t, "{mode: list, users: [{name: app, password: hunter2, max_sessions: 5}]}")
	if f.(core.Authenticator).Passthrough() {
		t.Fatal("list is passthrough")
	}
	a := account(t, f, "app")
	if !bytes.Equal(a.Native, nativeHash("hunter2")) || !bytes.Equal(a.SHA2, sha2Hash("hunter2")) {
		t.Error("wrong hashes")
	}
	if a.Plugin != "mysql_native_password" || a.NoPassword || a.Passthrough || a.MaxSessions != 5 {
		t.Errorf("account %+v", a)
	}
	if a.BackendUser != "app" || a.BackendPassword.Reveal() != "hunter2" {
		t.Error("wrong backend account")
	}
}

func TestHashesNeedABackendAccountAndDecideThePlugin(t *testing.T) {
	hash := "*" + strings.ToUpper(hex.EncodeToString(nativeHash("hunter2")))
	sha2 := "sha2:" + hex.EncodeToString(sha2Hash("hunter2"))
	f := build(t, fmt.Sprintf(`
mode: list
users:
- {name: old, password: "%s", backend: {user: svc, password: inner}}
- {name: new, password: "%s", backend: {user: svc, password: inner}}
- {name: star, password: "*shine"}
- {name: both, password: clear, plugin: caching_sha2_password}
- {name: none, no_password: true}
`, hash, sha2))
	for name, want := range map[string]*core.Account{
		"old":  {Plugin: "mysql_native_password", Native: nativeHash("hunter2"), BackendUser: "svc", BackendPassword: core.NewSecret("inner")},
		"new":  {Plugin: "caching_sha2_password", SHA2: sha2Hash("hunter2"), BackendUser: "svc", BackendPassword: core.NewSecret("inner")},
		"star": {Plugin: "mysql_native_password", Native: nativeHash("*shine"), SHA2: sha2Hash("*shine"), BackendUser: "star", BackendPassword: core.NewSecret("*shine")},
		"both": {Plugin: "caching_sha2_password", Native: nativeHash("clear"), SHA2: sha2Hash("clear"), BackendUser: "both", BackendPassword: core.NewSecret("clear")},
		"none": {Plugin: "mysql_native_password", NoPassword: true, BackendUser: "none"},
	} {
		a := account(t, f, name)
		if a.Plugin != want.Plugin || !bytes.Equal(a.Native, want.Native) || !bytes.Equal(a.SHA2, want.SHA2) ||
			a.NoPassword != want.NoPassword || a.BackendUser != want.BackendUser || a.BackendPassword != want.BackendPassword {
			t.Errorf("%s: %+v, want %+v", name, a, want)
		}
	}
}

const mixed = `
mode: list
users:
- {name: a, password: one}
- {name: b, password: two}
- {name: c, password: three, plugin: caching_sha2_password}
`

func TestUnknownUsersLookLikeKnownOnesAndCannotProveThemselves(t *testing.T) {
	f, again := build(t, mixed), build(t, mixed)
	plugins := make(map[string]int)
	for i := range 3000 {
		name := fmt.Sprintf("ghost-%d", i)
		a := account(t, f, name)
		if a.NoPassword || a.Passthrough || a.BackendUser != "" {
			t.Fatalf("the decoy opens a door: %+v", a)
		}
		if len(a.Native) != sha1.Size || len(a.SHA2) != sha256.Size || bytes.Equal(a.Native, nativeHash("")) {
			t.Fatalf("the decoy's hashes give it away: %+v", a)
		}
		if b := account(t, again, name); b.Plugin != a.Plugin {
			t.Fatalf("%s is asked for %s, after a restart for %s", name, a.Plugin, b.Plugin)
		}
		plugins[a.Plugin]++
	}
	if n := plugins["caching_sha2_password"]; n < 850 || n > 1150 || len(plugins) != 2 {
		t.Fatalf("plugins of unknown users: %v, want one third as for known users", plugins)
	}
	other := build(t, strings.Replace(mixed, "three", "four", 1))
	differ := 0
	for i := range 100 {
		name := fmt.Sprintf("ghost-%d", i)
		if account(t, f, name).Plugin != account(t, other, name).Plugin {
			differ++
		}
	}
	if differ == 0 {
		t.Fatal("a decoy's plugin can be computed without the passwords")
	}
}

func TestADecoyHasTheKindsOfHashThatItsModelHas(t *testing.T) {
	for _, tc := range []struct {
		user         string
		native, sha2 bool
	}{
		{"password: x", true, true},
		{"password: 'sha2:" + hex.EncodeToString(sha2Hash("x")) + "', backend: {user: b}", false, true},
		{"password: '*" + hex.EncodeToString(nativeHash("x")) + "', plugin: caching_sha2_password, backend: {user: b}", true, false},
		{"no_password: true", true, true},
	} {
		f := build(t, "{mode: list, users: [{name: a, "+tc.user+"}]}")
		d := account(t, f, "ghost")
		if (d.Native != nil) != tc.native || (d.SHA2 != nil) != tc.sha2 || d.NoPassword {
			t.Errorf("%s: decoy %+v", tc.user, d)
		}
	}
}

func TestUnknownUsersAreCountedPerLinkForEveryGeneration(t *testing.T) {
	reg := prometheus.NewRegistry()
	kind := auth.Kind(reg)
	for range 2 {
		f, err := kind.New("auth", coretest.Decode(mixed))
		if err != nil {
			t.Fatal(err)
		}
		account(t, f, "a")
		account(t, f, "ghost")
	}
	want := `
# HELP dbmesh_auth_unknown_users_total Logins under a name that the link's list does not have.
# TYPE dbmesh_auth_unknown_users_total counter
dbmesh_auth_unknown_users_total{link="auth"} 2
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Fatal(err)
	}
}

func TestBadConfigsAreRefusedWithASentence(t *testing.T) {
	hash, sha2 := "*"+hex.EncodeToString(nativeHash("x")), "sha2:"+hex.EncodeToString(sha2Hash("x"))
	for text, want := range map[string]string{
		"{mode: ldap}":                                                                              "want passthrough or list",
		"{mode: list}":                                                                              "at least one",
		"{users: [{name: a, password: b}]}":                                                         "knows no users",
		"{mode: list, users: [{name: a}]}":                                                          "no_password: true",
		"{mode: list, users: [{name: a, password: ''}]}":                                            "no_password: true",
		"{mode: list, users: [{password: a}]}":                                                      "needs a name",
		"{mode: list, users: [{name: a, password: b, no_password: true}]}":                          "has a password and",
		"{mode: list, users: [{name: a, password: b}, {name: a, password: c}]}":                     "earlier user",
		"{mode: list, users: [{name: a, password: 'sha2:abc'}]}":                                    "64 hex",
		"{mode: list, users: [{name: a, password: '" + hash + "'}]}":                                "backend.user",
		"{mode: list, users: [{name: a, password: b, plugin: dialog}]}":                             "want mysql_native_password or",
		"{mode: list, users: [{name: a, password: b, max_sessions: -1}]}":                           "max_sessions",
		"{mode: list, users: [{name: a, password: b, backend: {password: c}}]}":                     "no user",
		"{mode: list, users: [{name: a, password: '" + sha2 + "', plugin: mysql_native_password}]}": "can't verify",
		"{mode: list, user: []}":                                                                    "user",
	} {
		_, err := auth.Kind(nil).New("auth", coretest.Decode(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), hash[1:]) || strings.Contains(err.Error(), sha2[5:])) {
			t.Errorf("%s: the error shows the password", text)
		}
	}
}

func TestRevokeCloseEndsTheSessionsOfRemovedUsers(t *testing.T) {
	const list = "mode: list\nrevoke: %s\nusers: [{name: stays, password: x}]"
	if _, ok := build(t, fmt.Sprintf(list, "keep")).(core.Commander); ok {
		t.Error("revoke: keep looks at commands")
	}
	f := build(t, fmt.Sprintf(list, "close")).(core.Commander)
	for user, ended := range map[string]bool{"stays": false, "removed": true} {
		c := coretest.Query(coretest.Session(func(s *core.Session) { s.User = user }), "SELECT 1")
		v, err := f.OnCommand(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		if v.Denied() != ended || v.Ends() != ended {
			t.Errorf("%s: denied %v, ends %v, want both %v", user, v.Denied(), v.Ends(), ended)
		}
	}
}

func TestRevokeIsAWordAndNeedsAList(t *testing.T) {
	for _, text := range []string{"revoke: close", "mode: list\nrevoke: later\nusers: [{name: a, password: x}]"} {
		if _, err := auth.Kind(nil).New("auth", coretest.Decode(text)); err == nil || !strings.Contains(err.Error(), "revoke") {
			t.Errorf("%q: error %v, want one about revoke", text, err)
		}
	}
}
