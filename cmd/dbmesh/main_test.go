package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call runs the command as from a shell.
func call(args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = dispatch(args, &o, &e)
	return status, o.String(), e.String()
}

// golden compares with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make golden writes it", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", path, got, want)
	}
}

func TestTheHelpIsTheSameByEveryName(t *testing.T) {
	_, want, _ := call("help")
	for _, name := range []string{"-h", "--help", "-help"} {
		if status, out, errs := call(name); status != exitOK || out != want || errs != "" {
			t.Errorf("%s: status %d, output %q, errors %q", name, status, out, errs)
		}
	}
	golden(t, "help.txt", want)
	for _, line := range strings.Split(want, "\n") {
		if len(line) > 90 {
			t.Errorf("too long for a terminal: %s", line)
		}
	}
}

func TestEachVerbTellsItsFlags(t *testing.T) {
	verbs := []string{"run", "check", "explain", "filter"}
	for verb := range filterVerbs() {
		verbs = append(verbs, "filter "+verb)
	}
	for _, verb := range verbs {
		status, out, errs := call(append(strings.Fields(verb), "--help")...)
		if status != exitOK {
			t.Errorf("%s --help: status %d", verb, status)
		}
		verb = strings.ReplaceAll(verb, " ", "-")
		for line := range strings.SplitSeq(out, "\n") {
			if len(line) > 100 && strings.HasPrefix(verb, "filter") {
				t.Errorf("%s: too long for a terminal: %s", verb, line)
			}
		}
		golden(t, verb+"-help.txt", out+errs)
	}
}

func TestWrongUsageIsToldWithItsOwnStatus(t *testing.T) {
	for _, tc := range []struct {
		args []string
		says string
	}{
		{nil, "dbmesh run"},
		{[]string{"runn"}, `no verb "runn"`},
		{[]string{"run"}, "--config FILE or --backend"},
		{[]string{"run", "--backend"}, "backend"},
		{[]string{"run", "--colour", "blue"}, "colour"},
		{[]string{"run", "--backend", "db:3306", "extra"}, `"extra"`},
		{[]string{"run", "--backend", "db:3306", "--config", "x.yaml"}, "exclude each other"},
		{[]string{"check", "--config", "x.yaml", "--listen", "127.0.0.1:1"}, "--listen"},
		{[]string{"check", "--config", "x.yaml", "--set", "log.level"}, "KEY=VALUE"},
	} {
		status, _, errs := call(tc.args...)
		if status != exitUsage || !strings.Contains(errs, tc.says) {
			t.Errorf("%q: status %d, want %d; says %q, want %q", tc.args, status, exitUsage, errs, tc.says)
		}
	}
}

func TestTheVersionIsTold(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}, {"-version"}} {
		status, out, errs := call(args...)
		if status != exitOK || errs != "" || !strings.HasPrefix(out, "dbmesh ") || strings.Count(out, "\n") != 1 {
			t.Errorf("%q: status %d, %q, %q", args, status, out, errs)
		}
	}
}

// check says ok in one line, or every error with its line and key.
func TestCheckTellsWhatIsWrongWhere(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := `listeners:
  - {name: app, address: "127.0.0.1:6033", chain: app, pool: main}
pools:
  - name: main
    backends: [{address: "127.0.0.1:3306"}]
    tls: {mode: "off"}
chains:
  - name: app
    links:
      - {kind: auth}
      - {kind: router, rules: [{when: {user: a}, pool: main}]}
      - {kind: balancer, policy: random}
      - {kind: slow-log, threshold: 1s}
`
	status, out, errs := call("check", "--config", write("good.yaml", good))
	if status != exitOK || out != "ok: 1 listener, 1 pool, 1 chain\n" || errs != "" {
		t.Errorf("a good config: status %d, %q, %q", status, out, errs)
	}
	// What a file says by itself is told first, what filters say of their part then.
	for name, bad := range map[string]string{
		"keys":    strings.NewReplacer("chain: app,", "chain: ap,", "mode: \"off\"", "mode: of", "pools:", "colour: blue\npools:").Replace(good),
		"filters": strings.NewReplacer("policy: random", "policy: fair", "pool: main}]}", "pool: elsewhere}]}", "threshold: 1s", "treshold: 1s").Replace(good),
		"syntax":  good + "  - [\n",
	} {
		path := write(name+".yaml", bad)
		status, out, errs := call("check", "--config", path)
		if status != exitConfig || out != "" {
			t.Errorf("%s: status %d, output %q", name, status, out)
		}
		golden(t, "check-"+name+".txt", strings.ReplaceAll(errs, path, name+".yaml"))
		if status, _, again := call("run", "--config", path); status != exitConfig || again != errs {
			t.Errorf("%s: run has status %d and says\n%s", name, status, again)
		}
	}
	for _, args := range [][]string{{"check", "--config", filepath.Join(dir, "absent.yaml")}, {"run", "--config", filepath.Join(dir, "absent.yaml")}} {
		if status, _, errs := call(args...); status != exitConfig || !strings.Contains(errs, "absent.yaml") {
			t.Errorf("%q: status %d, %q", args, status, errs)
		}
	}
	if status, out, _ := call("check", "--backend", "127.0.0.1:3306"); status != exitOK || !strings.HasPrefix(out, "ok: ") {
		t.Errorf("the shortest config: status %d, %q", status, out)
	}
	if status, _, errs := call("check", "--config", filepath.Join(dir, "good.yaml"), "--set", "log.level=loud"); status != exitConfig || !strings.Contains(errs, "log.level") {
		t.Errorf("a bad flag: status %d, %q", status, errs)
	}
}

// Whatever can't be had at start ends the command with the status of a bad config.
func TestRunEndsIfItCanNotHaveItsPort(t *testing.T) {
	status, out, errs := call("run", "--backend", "127.0.0.1:1", "--listen", "203.0.113.1:6033", "--set", "admin.address=")
	if status != exitConfig || out != "" || !strings.Contains(errs, "203.0.113.1:6033") {
		t.Errorf("status %d, output %q, errors %q", status, out, errs)
	}
}
