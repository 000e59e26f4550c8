package admin_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/admin"
	"github.com/dbmesh/dbmesh/core/coretest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// process is what a server asks about.
type process struct {
	started, draining atomic.Bool
	listeners         []admin.Listener
	pools             coretest.Pools
	chains            []*core.Chain
	settings          *core.Settings
}

func (p *process) Started() bool               { return p.started.Load() }
func (p *process) Draining() bool              { return p.draining.Load() }
func (p *process) Listeners() []admin.Listener { return p.listeners }
func (p *process) Pool(name string) *core.Pool { return p.pools[name] }
func (p *process) Chains() []*core.Chain       { return p.chains }
func (p *process) Backends() []*core.Backend   { return p.pools["main"].Backends }
func (p *process) Sessions() any               { return []map[string]any{{"id": 7, "user": "app"}} }
func (p *process) Config() admin.Config {
	return admin.Config{Path: "dbmesh.yaml", Hash: "abc", Since: time.Unix(1, 0).UTC(), LastError: "line 3", Settings: p.settings}
}

func newProcess() *process {
	p := &process{
		listeners: []admin.Listener{{Name: "main", Pool: "main", Open: true}},
		pools:     coretest.NewPools(coretest.Pool("main", 1, 2)),
	}
	p.started.Store(true)
	return p
}

func open(t *testing.T, p *process, change func(*admin.Options)) *admin.Server {
	t.Helper()
	o := admin.Options{
		Settings: core.AdminSettings{Address: "127.0.0.1:0"},
		Version:  admin.Version{Version: "v1.2.3", Commit: "abc", GoVersion: "go1.26"},
		Metrics:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "dbmesh_up 1\n") }),
		Health:   p, View: p, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	s, err := admin.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// ask sends one request on a connection of its own.
func ask(t *testing.T, s *admin.Server, method, path string, change func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+s.Addr().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestReadyzSaysWhyNot(t *testing.T) {
	p := newProcess()
	s := open(t, p, nil)
	main := p.pools["main"]
	check := func(status int, body string) {
		t.Helper()
		if got, text := ask(t, s, "GET", "/readyz", nil); got != status || text != body {
			t.Errorf("%d %q, want %d %q", got, text, status, body)
		}
	}
	check(200, "ready\n")
	main.Backends[0].SetState(core.Down)
	check(200, "ready\n")
	main.Backends[1].SetState(core.Draining)
	check(503, "not ready\n- pool \"main\" of listener \"main\" has no usable backend: main-0 is down, main-1 is draining\n")
	main.Backends[1].SetState(core.Up)
	main.Backends[1].Weight = 0
	check(503, "not ready\n- pool \"main\" of listener \"main\" has no usable backend: main-0 is down, main-1 is of weight 0\n")
	main.Backends[1].Weight = 1
	p.listeners[0].Open = false
	p.draining.Store(true)
	check(503, "not ready\n- draining\n- listener \"main\" is not open\n")
	p.draining.Store(false)
	p.listeners = []admin.Listener{{Name: "ro", Pool: "readers", Open: true}}
	check(503, "not ready\n- pool \"readers\" of listener \"ro\" does not exist\n")
	p.pools["readers"] = &core.Pool{}
	check(503, "not ready\n- pool \"readers\" of listener \"ro\" has no backend\n")
	p.listeners = nil
	check(503, "not ready\n- there is no listener\n")
	p.started.Store(false)
	check(503, "not ready\n- no config is in force yet\n")
}

func TestTheOtherProbes(t *testing.T) {
	p := newProcess()
	s := open(t, p, nil)
	p.pools["main"].Backends = nil
	p.draining.Store(true)
	for _, path := range []string{"/livez", "/healthz", "/startupz"} {
		if status, body := ask(t, s, "GET", path, nil); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	p.started.Store(false)
	if status, body := ask(t, s, "GET", "/startupz", nil); status != 503 || !strings.Contains(body, "starting") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask(t, s, "GET", "/metrics", nil); status != 200 || body != "dbmesh_up 1\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask(t, s, "GET", "/", nil); status != 200 || !strings.Contains(body, "/readyz") {
		t.Errorf("%d %s", status, body)
	}
	for method, path := range map[string]string{"GET": "/nothing", "POST": "/readyz", "DELETE": "/api/v1/sessions", "PUT": "/quitquitquit"} {
		if status, _ := ask(t, s, method, path, nil); status != 404 && status != 405 {
			t.Errorf("%s %s: %d", method, path, status)
		}
	}
}

// document asks for JSON.
func document(t *testing.T, s *admin.Server, path string) map[string]any {
	t.Helper()
	status, body := ask(t, s, "GET", path, nil)
	var doc map[string]any
	if err := json.Unmarshal([]byte(body), &doc); err != nil || status != 200 {
		t.Fatalf("%s: %d, %v in\n%s", path, status, err, body)
	}
	return doc
}

func TestTheViewShowsWhatIsInForce(t *testing.T) {
	p := newProcess()
	p.chains = []*core.Chain{coretest.Chain(t, &coretest.Recorder{Journal: &coretest.Journal{}})}
	s := open(t, p, nil)
	if got := fmt.Sprint(document(t, s, "/api/v1/version")); got != "map[commit:abc go_version:go1.26 version:v1.2.3]" {
		t.Error(got)
	}
	if got := fmt.Sprint(document(t, s, "/api/v1/chains")); got != "map[chains:[map[generation:1 links:[0] name:test quarantined:[] slow:false]]]" {
		t.Error(got)
	}
	p.pools["main"].Backends = p.pools["main"].Backends[:1]
	p.pools["main"].Backends[0].AddSession(3)
	if got := fmt.Sprint(document(t, s, "/api/v1/backends")); got !=
		"map[backends:[map[address:192.0.2.100:3306 behind:false lag_seconds:<nil> latency_seconds:0 name:main-0 pool:main running_commands:0 sessions:3 state:up weight:1]]]" {
		t.Error(got)
	}
	if got := fmt.Sprint(document(t, s, "/api/v1/sessions")); got != "map[sessions:[map[id:7 user:app]]]" {
		t.Error(got)
	}
	p.chains, p.pools["main"].Backends = nil, nil
	for _, path := range []string{"/api/v1/chains", "/api/v1/backends"} {
		if _, body := ask(t, s, "GET", path, nil); strings.Contains(body, "null") {
			t.Errorf("%s has null for an empty list: %s", path, body)
		}
	}
}

func TestTheConfigIsShownWithoutItsSecrets(t *testing.T) {
	p := newProcess()
	one := 1
	p.settings = &core.Settings{
		DrainTimeout: 30 * time.Second,
		Listeners:    []core.ListenerSettings{{Name: "main", ProxyProtocol: []string{"10.0.0.0/8"}, TLS: core.ServerTLSSettings{Mode: "prefer"}}},
		Pools: []core.PoolSettings{{
			Name: "main", Backends: []core.BackendSettings{{Address: "db:3306", Weight: &one}, {Address: "db2:3306"}},
			Control: core.ControlSettings{User: "dbmesh", Password: core.NewSecret("hunter2")},
		}},
		Chains: []core.ChainSettings{{Name: "main", Links: []core.Spec{{Name: "a", Kind: "auth", OnFailure: core.Open, Decode: coretest.Decode("password: hunter2")}}}},
		Limits: core.LimitSettings{InspectLimit: 1 << 20},
	}
	s := open(t, p, nil)
	doc := document(t, s, "/api/v1/config")
	if text := fmt.Sprint(doc); strings.Contains(text, "hunter2") {
		t.Fatal(text)
	}
	if doc["path"] != "dbmesh.yaml" || doc["hash"] != "abc" || doc["last_error"] != "line 3" || doc["since"] != "1970-01-01T00:00:01Z" {
		t.Error(doc)
	}
	set := doc["settings"].(map[string]any)
	for key, want := range map[string]string{
		"drain_timeout": "30s",
		"limits":        "map[facts_cache:0B inspect_limit:1MiB max_all_statements:0 max_logins:0 max_statements:0 wasm_memory:0B]",
		"chains":        "[map[links:[map[kind:auth name:a on_failure:open]] name:main]]",
	} {
		if got := fmt.Sprint(set[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	pool := fmt.Sprint(set["pools"])
	for _, want := range []string{"control:map[password:[secret] user:dbmesh]", "map[address:db:3306 name: weight:1]", "map[address:db2:3306 name: weight:<nil>]"} {
		if !strings.Contains(pool, want) {
			t.Errorf("no %s in %s", want, pool)
		}
	}
}

func TestQuitIsForThisMachineOnly(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"a name that may have been bound to us": func(r *http.Request) { r.Host = "evil.example:6080" },
		"an empty name":                         func(r *http.Request) { r.Host = ":6080" },
		"a page of another site":                func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"a browser's cross-site form":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		s := open(t, newProcess(), nil)
		if status, body := ask(t, s, "POST", "/quitquitquit", change); status != 403 {
			t.Errorf("%s: %d %s", name, status, body)
		}
		select {
		case <-s.Quit():
			t.Errorf("%s ends the process", name)
		default:
		}
	}
	s := open(t, newProcess(), nil)
	if status, _ := ask(t, s, "GET", "/quitquitquit", nil); status != 405 {
		t.Errorf("GET: %d", status)
	}
	for _, host := range []string{"localhost:6080", "127.0.0.1", "[::1]:6080", "[::1]", s.Addr().String()} {
		if status, body := ask(t, s, "POST", "/quitquitquit", func(r *http.Request) { r.Host = host }); status != 200 {
			t.Errorf("%s: %d %s", host, status, body)
		}
	}
	<-s.Quit()
}

func TestQuitFromAnotherMachineIsRefused(t *testing.T) {
	addr := foreign(t)
	s := open(t, newProcess(), func(o *admin.Options) { o.Settings.Address = net.JoinHostPort(addr, "0") })
	if status, body := ask(t, s, "POST", "/quitquitquit", nil); status != 403 || !strings.Contains(body, "loopback") {
		t.Errorf("%d %s", status, body)
	}
}

// foreign is an address of this machine that is not a loopback one.
func foreign(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	t.Skip("left out: this machine has loopback addresses only")
	return ""
}

func TestProfilesAreServedOnlyIfWanted(t *testing.T) {
	s := open(t, newProcess(), nil)
	if status, _ := ask(t, s, "GET", "/debug/pprof/", nil); status != 404 {
		t.Errorf("without the setting: %d", status)
	}
	s = open(t, newProcess(), func(o *admin.Options) { o.Settings.Pprof = true })
	if status, body := ask(t, s, "GET", "/debug/pprof/goroutine?debug=1", nil); status != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := ask(t, s, "GET", "/debug/pprof/", func(r *http.Request) { r.Host = "evil.example" }); status != 403 {
		t.Errorf("under a foreign name: %d", status)
	}
}

func TestAHugeHeaderIsRefused(t *testing.T) {
	s := open(t, newProcess(), nil)
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestWithoutAnAddressNothingIsServed(t *testing.T) {
	s := open(t, newProcess(), func(o *admin.Options) { o.Settings.Address = "" })
	if s.Addr() != nil {
		t.Errorf("listens on %v", s.Addr())
	}
	select {
	case <-s.Quit():
		t.Error("asks to quit")
	default:
	}
}

func TestATakenAddressIsAnError(t *testing.T) {
	s := open(t, newProcess(), nil)
	_, err := admin.Open(admin.Options{Settings: core.AdminSettings{Address: s.Addr().String()}, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatal(err)
	}
}

func TestCloseEndsARequestThatDoesNotEnd(t *testing.T) {
	p := newProcess()
	in, out := make(chan struct{}), make(chan struct{})
	s := open(t, p, func(o *admin.Options) {
		o.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(in); <-out })
	})
	ended := make(chan error)
	go func() {
		resp, err := http.Get("http://" + s.Addr().String() + "/metrics")
		if err == nil {
			resp.Body.Close()
		}
		ended <- err
	}()
	<-in
	s.Close()
	if err := <-ended; err == nil {
		t.Error("the request ended well")
	}
	close(out)
	http.DefaultClient.CloseIdleConnections()
}

func TestHalfARequestIsCutOff(t *testing.T) {
	t.Parallel() // it takes the header's whole time-out, five seconds
	s := open(t, newProcess(), nil)
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /livez HTTP/1.1\r\nHost:")
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Fatalf("still open after 30 s: %v", err)
	}
}
