package core_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

func TestASecretNeverShows(t *testing.T) {
	account := struct{ Password core.Secret }{core.NewSecret("hunter2")}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&out, verb+"\n", account)
		fmt.Fprintf(&out, verb+"\n", account.Password)
		fmt.Fprintf(&out, verb+"\n", &account.Password)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "password", account.Password, "account", account)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "password", account.Password, "account", account)
	if err := json.NewEncoder(&out).Encode(account); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hunter2") {
		t.Fatalf("the secret shows in:\n%s", out.String())
	}
	if account.Password.Reveal() != "hunter2" || account.Password.IsZero() || !(core.Secret{}).IsZero() {
		t.Fatal("the secret is lost")
	}
}

func TestSizesNeedAUnit(t *testing.T) {
	for text, want := range map[string]core.Size{
		"0B": 0, "512B": 512, "4KiB": 4096, "1 MiB": 1 << 20, "2GiB": 2 << 30,
		"64KB": 64000, "1MB": 1e6, "3GB": 3e9, " 1MiB ": 1 << 20,
	} {
		var s core.Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d (%v), want %d", text, s, err, want)
		}
		var again core.Size
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%v is read as %d (%v)", s, again, err)
		}
	}
	for _, text := range []string{"", "1", "MiB", "-1MiB", "1.5MiB", "1TiB", "99999999999GiB", "1mib", "0x10B"} {
		var s core.Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %d", text, s)
		}
	}
}

func TestPoliciesHaveNames(t *testing.T) {
	for name, want := range map[string]core.Policy{"": core.Closed, "closed": core.Closed, "open": core.Open, "quarantine": core.Quarantine} {
		p, err := core.ParsePolicy(name)
		if err != nil || p != want || (name != "" && p.String() != name) {
			t.Errorf("%q is %v (%v)", name, p, err)
		}
	}
	if _, err := core.ParsePolicy("ajar"); err == nil {
		t.Error("policy ajar exists")
	}
}

func TestOnlyTextCanBeRewritten(t *testing.T) {
	s := coretest.Session()
	for code, want := range map[core.Code]bool{core.Query: true, core.Prepare: true, core.Execute: false, core.InitDB: true, core.FieldList: false, core.Ping: false} {
		c := coretest.Command(s, code, "select 1")
		if got := c.Rewrite([]byte("select 2")); got != want {
			t.Errorf("%v: rewritten %v", code, got)
		}
		if (string(c.SQL) == "select 2") != want || (string(c.Rewritten()) == "select 2") != want {
			t.Errorf("%v: SQL %q, rewritten %q", code, c.SQL, c.Rewritten())
		}
	}
	c := &core.Command{}
	c.Reset(s, core.Query, []byte("select"), 1<<24-1, true)
	if c.Rewrite([]byte("select 2")) || c.Rewritten() != nil {
		t.Error("a truncated command was rewritten")
	}
}

func TestBackendLatencyTakesAPeakAtOnceAndForgetsItSlowly(t *testing.T) {
	b := coretest.Pool("main", 1).Backends[0]
	at := time.Duration(0)
	observe := func(d, later time.Duration) time.Duration {
		at += later
		b.Begin()
		b.Observe(d, at)
		return b.Latency()
	}
	if l := observe(time.Millisecond, 0); l != time.Millisecond {
		t.Fatalf("first latency %v", l)
	}
	if l := observe(100*time.Millisecond, time.Second); l != 100*time.Millisecond {
		t.Fatalf("a peak is %v", l)
	}
	soon := observe(time.Millisecond, 100*time.Millisecond)
	if soon < 95*time.Millisecond {
		t.Fatalf("the peak is forgotten after 100 ms: %v", soon)
	}
	if late := observe(time.Millisecond, time.Minute); late > 2*time.Millisecond {
		t.Fatalf("the peak is remembered after a minute: %v", late)
	}
	if b.Running() != 0 {
		t.Fatalf("%d commands still run", b.Running())
	}
}

func TestASessionIsBoundToOneBackendPerPool(t *testing.T) {
	s := coretest.Session()
	main, readers := coretest.Pool("main", 1), coretest.Pool("readers", 1)
	s.Bind(main.Backends[0])
	s.Bind(readers.Backends[0])
	if s.Bound("main") != main.Backends[0] || s.Bound("readers") != readers.Backends[0] || s.Bound("x") != nil {
		t.Fatal("wrong backend")
	}
	s.Account = &core.Account{}
	s.Renew()
	if s.Bound("main") != nil || s.Account != nil {
		t.Fatal("a renewed session keeps its account or backend")
	}
}

func TestCodesHaveNames(t *testing.T) {
	for code := range 256 {
		c := core.Code(code)
		if c.Known() == strings.HasPrefix(c.String(), "unknown_") {
			t.Errorf("code %#x: known %v, name %q", code, c.Known(), c)
		}
	}
}
