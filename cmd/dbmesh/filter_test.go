package main

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/toolchain"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// guest is a module with the body of on_query, no compiler needed. Its block begins at 16; at
// 2048 stands the payload of the error 1105 "no".
func guest(onQuery string) []byte {
	code := func(body string) string { return string(rune(len(body)+2)) + "\x00" + body + "\x0b" }
	section := func(id byte, content string) string { return string(rune(id)) + string(rune(len(content))) + content }
	return []byte("\x00asm\x01\x00\x00\x00" +
		section(1, "\x02\x60\x00\x01\x7f\x60\x01\x7f\x01\x7e") + // () -> i32, (i32) -> i64
		section(3, "\x03\x00\x00\x01") +
		section(5, "\x01\x00\x01") +
		section(7, "\x04\x06memory\x02\x00\x09dbmesh_v1\x00\x00\x0cdbmesh_block\x00\x01\x08on_query\x00\x02") +
		section(10, "\x03"+code("\x41\x00")+code("\x41\x10")+code(onQuery)) +
		section(11, "\x01\x00\x41\x80\x10\x0b\x09\x51\x04HY000no"))
}

// small denies each DELETE with the verdict, an i64 in LEB128. It has a loop, so it uses fuel.
func small(verdict string) []byte {
	return guest("\x03\x40\x0b\x41\x18\x2d\x00\x00\x41\x07\x46\x04\x7e\x42" + verdict + "\x05\x42\x00\x0b")
}

// liar denies what it is asked first and lets go what comes then, and calls both cacheable.
func liar() []byte {
	return guest("\x41\x00\x41\x00\x2d\x00\x00\x41\x01\x6a\x3a\x00\x00" + // one more at 0
		"\x41\x00\x2d\x00\x00\x41\x01\x46\x04\x7e\x42" + deniesCacheable + "\x05\x42\x80\x01\x0b")
}

// denies and deniesCacheable are the verdicts deny with 9 bytes at 2048, as LEB128.
const (
	denies          = "\x81\x92\x80\x80\x80\x80\x02" // 2048<<32 | 9<<8 | 1
	deniesCacheable = "\x81\x93\x80\x80\x80\x80\x02" // the same with bit 7
)

// write puts a file into a directory.
func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ownCache keeps what a test compiles out of the user's cache.
func ownCache(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

func TestCasesAreRunThroughTheFilter(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(denies))
	write(t, dir, "cases.yaml", []byte(`
cases:
- {sql: DELETE FROM t, want: {verdict: deny, code: 1105, message: "no"}, max_fuel: 100, max_memory: 64KiB}
- {sql: SELECT 1, want: pass}
- name: a session
  steps:
  - {sql: SELECT 1; DELETE FROM t, want: deny}
  - {sql: INSERT INTO t VALUES (1), want: pass}
`))
	status, out, errs := call("filter", "test", path)
	if status != exitOK || errs != "" || !strings.Contains(out, "3 passed, 0 failed") || !strings.Contains(out, "deny 1105") {
		t.Fatalf("status %d, %s\n%s", status, errs, out)
	}
	write(t, dir, "cases.yaml", []byte(`cases:
- {sql: DELETE FROM t, want: pass}
- {sql: SELECT 1, want: deny}
- {name: another error, sql: DELETE FROM u, want: {code: 1106, message: "never", cacheable: true}}
- {name: little fuel, sql: DELETE FROM v, want: deny, max_fuel: 1, max_memory: 1KiB, log: [nothing]}
- {name: as it is, sql: SELECT 2, want: pass}
`))
	status, out, _ = call("filter", "test", dir, "--cases", filepath.Join(dir, "cases.yaml"))
	if status != exitFailed || out != "" { // the directory's module would be called otherwise
		t.Errorf("a directory without its module: status %d\n%s", status, out)
	}
	status, out, _ = call("filter", "test", path)
	for _, says := range []string{
		"cases.yaml:2: the verdict is deny 1105, want pass", "cases.yaml:3: the verdict is pass, want deny",
		"the error is 1105, want 1106", `which has no "never"`, "the verdict is not cacheable, want cacheable",
		"more than the max_fuel of 1", "more than the max_memory of 1KiB", `no line of the log has "nothing"`, "1 passed, 4 failed",
	} {
		if !strings.Contains(out, says) {
			t.Errorf("it does not say %q", says)
		}
	}
	if status != exitFailed {
		t.Errorf("status %d", status)
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestMistakesInCasesAreToldWithLineAndKey(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(denies))
	cases := write(t, dir, "cases.yaml", []byte("cases:\n- sql: SELECT 1\n  wand: pass\n"))
	for _, verb := range []string{"test", "bench"} {
		status, out, errs := call("filter", verb, path)
		if status != exitConfig || out != "" || !strings.HasPrefix(errs, cases+":3: cases[0].wand: unknown key, want one of") {
			t.Errorf("%s: status %d, %s%s", verb, status, out, errs)
		}
	}
}

func TestAFilterThatIsRefusedFailsItsCases(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(denies)[:60])
	write(t, dir, "cases.yaml", []byte("cases: [{sql: SELECT 1}, {sql: SELECT 2}]"))
	status, out, _ := call("filter", "test", path)
	if status != exitFailed || !strings.Contains(out, "the filter is refused: ") || !strings.Contains(out, "refused as before") || !strings.Contains(out, "0 passed, 2 failed") {
		t.Errorf("status %d\n%s", status, out)
	}
	status, out, _ = call("filter", "inspect", path)
	if status != exitFailed || !strings.Contains(out, "refused ") {
		t.Errorf("inspect: status %d\n%s", status, out)
	}
}

func TestInspectWarnsOfAFilterThatPreparedStatementsPass(t *testing.T) {
	ownCache(t)
	path := write(t, t.TempDir(), "small.wasm", small(denies))
	if status, out, _ := call("filter", "inspect", path); status != exitOK || !strings.Contains(out, "prepared statements pass by it") {
		t.Errorf("status %d\n%s", status, out)
	}
}

func TestACostIsMeasuredForEachStep(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(denies))
	write(t, dir, "cases.yaml", []byte("cases: [{name: one, sql: DELETE FROM t}, {name: two, steps: [{sql: SELECT 1}, {sql: SELECT 2}]}]"))
	status, out, errs := call("filter", "bench", path, "--time", "2ms")
	for _, says := range []string{"an empty filter", "one ", "two, step 1", "two, step 2", "compile ", "memory       64 KiB"} {
		if status != exitOK || !strings.Contains(out, says) {
			t.Errorf("status %d, says no %q, %s\n%s", status, says, errs, out)
		}
	}
}

func TestInspectTellsWhatIsInAModule(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(denies))
	status, out, errs := call("filter", "inspect", path)
	for _, says := range []string{"hooks         on_query\n", "imports       none", "functions 3, loops 1", "memory        64 KiB", "signature     none", "taken         yes"} {
		if status != exitOK || !strings.Contains(out, says) {
			t.Errorf("status %d, says no %q, %s\n%s", status, says, errs, out)
		}
	}
}

func TestInspectTellsEachMistakeInALineOfItsOwn(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(denies))
	write(t, dir, "small.filter.yaml", []byte("name: small\nabi: dbmesh_v1\nconfig: {max: {type: integer, min: 1}, tables: {type: list, of: string, required: true}}\n"))
	write(t, dir, "small.yaml", []byte("maxx: 1\nmax: 0\n"))
	status, out, errs := call("filter", "inspect", path)
	for _, says := range []string{"setting       tables, list of string, required\n", "  refused       small.yaml: line 2: max: is 0", "\n                small.yaml: line 1: maxx: the filter has no such setting"} {
		if status != exitFailed || !strings.Contains(out, says) {
			t.Errorf("status %d, says no %q, %s\n%s", status, says, errs, out)
		}
	}
}

func TestARecordedLogGoesThroughTheFilter(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(denies))
	log := write(t, dir, "slow.log", []byte(`{"msg":"slow command","session":7,"user":"app","schema":"shop","code":"query","sql":"DELETE FROM t WHERE a = 1"}
{"msg":"slow command","session":7,"user":"app","schema":"shop","code":"query","sql":"DELETE FROM t WHERE a = 2"}
{"msg":"slow command","session":8,"user":"bob","code":"query","sql":"SELECT 1"}
`))
	status, out, errs := call("filter", "replay", path, log)
	for _, says := range []string{"read as json: 3 statements", "deny 1105                           2    66.7%         1", "2 x  delete from `t` where `a` = ?", "line 1, app on shop: DELETE FROM t WHERE a = 1", "asked 3 times"} {
		if status != exitOK || !strings.Contains(out, says) {
			t.Errorf("status %d, says no %q, %s\n%s", status, says, errs, out)
		}
	}
	if status, _, errs := call("filter", "replay", path, log, "--format", "csv"); status != exitUsage || !strings.Contains(errs, `"csv"`) {
		t.Errorf("status %d, %s", status, errs)
	}
}

func TestACacheableVerdictMustNotDependOnLiterals(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(deniesCacheable))
	write(t, dir, "cases.yaml", []byte("cases: [{sql: DELETE FROM t WHERE a = 7, want: {verdict: deny, cacheable: true}}]"))
	if status, out, errs := call("filter", "test", path); status != exitOK || !strings.Contains(out, "deny 1105 *") {
		t.Errorf("an honest filter: status %d, %s\n%s", status, errs, out)
	}
	write(t, dir, "small.wasm", liar())
	status, out, _ := call("filter", "test", path)
	if status != exitFailed || !strings.Contains(out, "is said to be cacheable, but it is deny 1105") {
		t.Errorf("a filter that lies: status %d\n%s", status, out)
	}
}

func TestAModuleIsPackedAndSigned(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	path := write(t, dir, "small.wasm", small(denies))
	key := filepath.Join(dir, "team.key")
	if status, _, errs := call("filter", "pack", path); status != exitFailed || !strings.Contains(errs, "there is neither") {
		t.Errorf("without a manifest: status %d, %s", status, errs)
	}
	write(t, dir, "small.filter.yaml", []byte("name: small\nversion: 1.2.3\nhooks: [on_query]\n"))
	must := func(says string, args ...string) {
		t.Helper()
		if status, out, errs := call(append([]string{"filter"}, args...)...); status != exitOK || !strings.Contains(out, says) {
			t.Fatalf("%q: status %d, %s, says %s want %q", args, status, errs, out, says)
		}
	}
	must("packed", "pack", path)
	must("made "+key, "sign", "--new-key", key)
	must("signed", "sign", path, "--key", key)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := module.Section(b, abi.ManifestSection); !ok || !strings.Contains(string(text), "1.2.3") {
		t.Errorf("the manifest inside is %q", text)
	}
	before, signature, ok := module.CutLastSection(b, abi.SignatureSection)
	text, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := wasm.ParseKeys(text)
	if err != nil || !ok || !ed25519.Verify(keys[0], before, signature) {
		t.Errorf("the signature is wrong: %v", err)
	}
	must("by the key "+wasm.KeyID(keys[0]), "inspect", path, "--keys", key+".pub")
	must("replaced", "sign", path, "--key", key)
	must("taken away", "pack", path)
	must(".sig", "sign", path, "--key", key, "--detached")
	must("by the key "+wasm.KeyID(keys[0]), "inspect", path, "--keys", key+".pub")
	if err := os.WriteFile(path, append(small(denies), 0, 2, 1, 'x'), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, _ := call("filter", "inspect", path, "--keys", key+".pub"); status != exitFailed || !strings.Contains(out, "none of the keys") {
		t.Errorf("a changed module: status %d\n%s", status, out)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info.Mode(), err)
	}
	if status, _, errs := call("filter", "sign", "--new-key", key); status != exitFailed || !strings.Contains(errs, "is there already") {
		t.Errorf("a key is overwritten: status %d, %s", status, errs)
	}
}

func TestModulesAreCompiledAhead(t *testing.T) {
	ownCache(t)
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "code")
	path := write(t, dir, "small.wasm", small(denies))
	for _, says := range []string{": compiled in ", ": was there"} {
		status, out, errs := call("filter", "precompile", dir, "--cache", cache)
		if status != exitOK || !strings.Contains(out, path+says) {
			t.Errorf("status %d, %s\n%s, want %q", status, errs, out, says)
		}
	}
	write(t, dir, "bad.wasm", []byte("no module"))
	status, out, errs := call("filter", "precompile", dir, "--cache", cache)
	if status != exitFailed || !strings.Contains(errs, "bad.wasm: ") || !strings.Contains(out, "was there") {
		t.Errorf("status %d, %s\n%s", status, errs, out)
	}
}

func TestWrongUseOfFilterVerbsIsTold(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		status int
		says   string
		args   []string
	}{
		{exitUsage, "dbmesh filter new NAME", nil},
		{exitUsage, `no verb "buidl"`, []string{"buidl"}},
		{exitUsage, "give it a name", []string{"new"}},
		{exitUsage, `"cobol"`, []string{"new", filepath.Join(dir, "x"), "--lang", "cobol"}},
		{exitUsage, "is no name for a filter", []string{"new", filepath.Join(dir, "X!")}},
		{exitFailed, "has no source of a filter", []string{"build", dir}},
		{exitFailed, "no such file", []string{"build", filepath.Join(dir, "absent")}},
		{exitFailed, "dbmesh filter build makes it", []string{"test", dir}},
		{exitFailed, "no such file", []string{"test", filepath.Join(dir, "absent.wasm")}},
		{exitUsage, "say which module", []string{"inspect"}},
		{exitUsage, "say which module", []string{"pack"}},
		{exitUsage, "--new-key FILE makes one", []string{"sign", "x.wasm"}},
		{exitUsage, "say which module", []string{"sign"}},
		{exitUsage, "only makes a key", []string{"sign", "x.wasm", "--new-key", "y"}},
		{exitUsage, "say which filter and which log", []string{"replay", "x.wasm"}},
		{exitUsage, "say what", []string{"precompile"}},
		{exitFailed, "no .wasm file", []string{"precompile", dir, "--cache", filepath.Join(dir, "c")}},
	} {
		status, out, errs := call(append([]string{"filter"}, tc.args...)...)
		if status != tc.status || out != "" || !strings.Contains(errs, tc.says) {
			t.Errorf("%q: status %d, want %d; says %q, want %q; prints %q", tc.args, status, tc.status, errs, tc.says, out)
		}
	}
}

// A new filter builds and passes its tests where there is neither a network nor the tree. The
// command is a program of its own here, as its user has it.
func TestANewFilterBuildsAndPassesItsTestsAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles filters")
	}
	binary := filepath.Join(t.TempDir(), "dbmesh")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// scripts/install-toolchains.sh puts the AssemblyScript compiler into the user's cache.
	if user, err := os.UserCacheDir(); err == nil {
		found, _ := filepath.Glob(filepath.Join(user, "dbmesh", "assemblyscript-*", "node_modules", ".bin"))
		t.Setenv("PATH", strings.Join(append(found, os.Getenv("PATH")), ":"))
	}
	cache := t.TempDir()
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	gocache := strings.TrimSpace(string(out)) // else it would be in the cache of the test too
	for _, l := range toolchain.Languages() {
		t.Run(l.Name(), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "rule")
			needs(t, l)
			do := func(in string, args ...string) string {
				t.Helper()
				cmd := exec.Command(binary, append([]string{"filter"}, args...)...)
				cmd.Dir = in
				cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "XDG_CACHE_HOME="+cache, "GOCACHE="+gocache,
					"PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%q: %v\n%s", args, err, out)
				}
				return string(out)
			}
			do(filepath.Dir(dir), "new", "rule", "--lang", string(l))
			do(dir, "build", "--pack")
			if out := do(dir, "test"); !strings.Contains(out, "4 passed, 0 failed") || strings.Contains(out, "note:") {
				t.Errorf("it prints\n%s", out)
			}
			if l == toolchain.Go {
				native(t, dir, binary)
			}
			if out := do(dir, "inspect", "rule.wasm"); !strings.Contains(out, "in the module: rule 0.1.0") {
				t.Errorf("inspect prints\n%s", out)
			}
			source := filepath.Join(dir, l.Source())
			text, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(source, append(text, "\nthis is no program\n"...), 0o600); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(filepath.Join(dir, "rule.wasm"))
			cmd := exec.Command(binary, "filter", "build")
			cmd.Dir = dir
			said, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(said), l.Source()) {
				t.Errorf("a program that is none: %v\n%s", err, said)
			}
			if after, _ := os.ReadFile(filepath.Join(dir, "rule.wasm")); !bytes.Equal(before, after) {
				t.Error("a build that failed left another module")
			}
		})
	}
}

// native runs the filter's own go test, which asks the command for facts.
func native(t *testing.T, dir, binary string) {
	t.Helper()
	cmd := exec.Command("go", "test", "-count=1", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "ok") {
		t.Errorf("go test: %v\n%s", err, out)
	}
}

// needs skips where the language's compiler is missing, visibly, and fails where it must not be.
func needs(t *testing.T, l toolchain.Language) {
	t.Helper()
	if _, err := toolchain.Find(l, "."); err != nil {
		if os.Getenv("DBMESH_REQUIRE_SERVERS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}
