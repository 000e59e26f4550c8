package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/config"
)

const small = `listeners:
  - address: 127.0.0.1:6033
pools:
  - name: backends
    backends:
      - address: 127.0.0.1:3306
`

func TestLoadReadsAFileAndNamesAllThatItRead(t *testing.T) {
	fixtures(t)
	text := small + `    tls: {ca: tls/ca.crt}
    control: {user: u, password: file:secret}
chains:
  - name: only
    links:
      - kind: auth
        users: [{name: x, password: "file:missing"}]
`
	write(t, "conf/dbmesh.yaml", text, 0o600)
	must(t, os.Rename("tls", "conf/tls"))
	must(t, os.Rename("secret", "conf/secret"))
	c, err := config.Load(config.Source{Path: "conf/dbmesh.yaml"})
	must(t, err)
	want := []string{"conf/dbmesh.yaml", "conf/missing", "conf/secret", "conf/tls/ca.crt"}
	if got := slices.Sorted(maps.Keys(c.Files)); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if c.Pools[0].TLS.CA != "conf/tls/ca.crt" {
		t.Errorf("ca is %s, want it relative to the file", c.Pools[0].TLS.CA)
	}
	if sum := sha256.Sum256([]byte(text)); c.Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("hash %s is not the file's", c.Hash)
	}
}

func TestAFailedLoadNamesTheFilesThatMayMendIt(t *testing.T) {
	fixtures(t)
	write(t, "dbmesh.yaml", small+"    tls: {ca: not-yet.crt}\n", 0o600)
	_, err := config.Load(config.Source{Path: "dbmesh.yaml"})
	wants(t, err, "dbmesh.yaml:7: pools[0].tls.ca: not-yet.crt: no such file or directory")
	var all *config.Errors
	if !errors.As(err, &all) {
		t.Fatalf("%T is not an *Errors", err)
	}
	if got := slices.Sorted(maps.Keys(all.Files)); !slices.Equal(got, []string{"dbmesh.yaml", "not-yet.crt"}) {
		t.Errorf("files %v", got)
	}
}

func TestLoadRefusesAMissingFile(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := config.Load(config.Source{Path: "none.yaml"})
	wants(t, err, "none.yaml: no such file or directory")
}

func TestTheShortestConfigIsAWholeSidecar(t *testing.T) {
	short, err := config.Load(config.Default("127.0.0.1:3306", ""))
	must(t, err)
	long := load(t, `
listeners:
  - name: default
    address: 127.0.0.1:6033
    chain: default
    pool: backends
pools:
  - name: backends
    backends:
      - address: 127.0.0.1:3306
chains:
  - name: default
    links:
      - kind: auth
        mode: passthrough
      - kind: router
      - kind: balancer
      - kind: slow-log
admin:
  address: 127.0.0.1:6080
`)
	for _, c := range []*config.Config{short, long} {
		for i := range c.Chains[0].Links {
			var into struct {
				Mode string `koanf:"mode"`
			}
			must(t, c.Chains[0].Links[i].Decode(&into))
			if want := []string{"passthrough", "", "", ""}[i]; into.Mode != want {
				t.Errorf("link %d has mode %q, want %q", i, into.Mode, want)
			}
			c.Chains[0].Links[i].Decode = nil // functions are never equal
		}
	}
	if !reflect.DeepEqual(short.Settings, long.Settings) {
		t.Errorf("short %+v\nlong %+v", short.Settings, long.Settings)
	}
	if len(short.Files)+len(short.Warnings) != 0 {
		t.Errorf("files %v, warnings %v", short.Files, short.Warnings)
	}
}

func TestTheShortestConfigTakesFlagsAndNamesItsErrors(t *testing.T) {
	src := config.Default("db.example:3306", "127.0.0.1:0")
	src.Env = []string{"DBMESH_LOG__LEVEL=debug"}
	src.Flags = map[string]string{"admin.address": ""}
	c, err := config.Load(src)
	must(t, err)
	if c.Log.Level != "debug" || c.Admin.Address != "" || c.Listeners[0].Address != "127.0.0.1:0" {
		t.Errorf("settings %+v", c.Settings)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "not verified") {
		t.Errorf("warnings %v", c.Warnings)
	}
	_, err = config.Load(config.Default("db", "6033"))
	wants(t, err,
		`command line: pools[0].backends[0].address: is "db", want host:port, such as db:3306`,
		`command line: listeners[0].address: is "6033", want host:port, such as 127.0.0.1:6033`)
	_, err = config.Load(config.Default("${HOST}:1\"\n", ""))
	wants(t, err, `command line: pools[0].backends[0].address: is "${HOST}:1\"\n", whose port is not a number from 1 to 65535`)
}

func TestASecretOpenToOthersIsAWarning(t *testing.T) {
	fixtures(t)
	c := load(t, small+"    control: {user: u, password: file:open-secret}\n")
	want := "dbmesh.yaml:7: pools[0].control.password: open-secret has mode 0644, so others than its owner can read it"
	if !slices.Equal(c.Warnings, []string{want}) {
		t.Errorf("warnings %q", c.Warnings)
	}
	if got := c.Pools[0].Control.Password.Reveal(); got != "a password" {
		t.Errorf("password %q", got)
	}
}

func TestCompareRefusesWhatIsFixedAtStart(t *testing.T) {
	old := load(t, small)
	must(t, config.Compare(old, load(t, small+"log: {level: debug}\ndrain_timeout: 1s\n")))
	err := config.Compare(old, load(t, small+"log:\n  format: json\nadmin:\n  address: \"\"\n  pprof: true\nloops: 2\n"))
	wants(t, err,
		"dbmesh.yaml:8: log.format: can't change from text to json while dbmesh runs; it needs a restart",
		`dbmesh.yaml:10: admin.address: can't change from 127.0.0.1:6080 to "" while dbmesh runs; it needs a restart`,
		"dbmesh.yaml:11: admin.pprof: can't change from false to true while dbmesh runs; it needs a restart",
		"dbmesh.yaml:12: loops: can't change from 0 to 2 while dbmesh runs; it needs a restart")
	wants(t, config.Compare(load(t, small+"loops: 2\n"), old),
		"dbmesh.yaml: loops: can't change from 2 to 0 while dbmesh runs; it needs a restart")
}
