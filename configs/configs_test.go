package configs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/filters/auth"
	"github.com/dbmesh/dbmesh/filters/balancer"
	"github.com/dbmesh/dbmesh/filters/router"
	"github.com/dbmesh/dbmesh/filters/slowlog"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// environ has the variables that configs and snippets refer to.
var environ = map[string]string{
	"DBMESH_BENCH_LISTEN": "127.0.0.1:0", "DBMESH_BENCH_BACKEND": "127.0.0.1:3306",
	"APP_DB_PASSWORD": "secret", "POD_IP": "10.0.0.1",
}

func TestEachConfigOfTheDirectoryIsRight(t *testing.T) {
	paths, err := filepath.Glob("*.yaml")
	if err != nil || len(paths) < 4 {
		t.Fatalf("found %v, error %v", paths, err)
	}
	texts := make(map[string][]byte)
	for _, path := range paths {
		if texts[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	fixtures(t)
	for path, text := range texts {
		t.Run(path, func(t *testing.T) { build(t, text) })
	}
}

// The comments of dbmesh.yaml promise it.
func TestTheCommentedConfigHasEveryKey(t *testing.T) {
	text, err := os.ReadFile("dbmesh.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range config.Keys() {
		name := key.Path[strings.LastIndex(key.Path, ".")+1:]
		if !regexp.MustCompile(`(?m)^[ #-]*` + name + `:`).Match(text) {
			t.Errorf("%s is not in dbmesh.yaml", key.Path)
		}
	}
}

var (
	snippet = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	topKey  = regexp.MustCompile(`(?m)^(\w+):`)
)

// A snippet is a whole config, or some of its top-level keys; the others come from here.
func TestEachSnippetOfTheDocumentationIsRight(t *testing.T) {
	doc, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := map[string]string{
		"listeners": "listeners: [{address: 127.0.0.1:6033, pool: writers}]\n",
		"pools":     "pools: [{name: writers, backends: [{address: 127.0.0.1:3306}]}]\n",
	}
	fixtures(t)
	found := snippet.FindAllStringSubmatch(string(doc), -1)
	if len(found) < 8 {
		t.Fatalf("%d snippets", len(found))
	}
	for _, m := range found {
		text := m[1]
		has := make(map[string]bool)
		for _, key := range topKey.FindAllStringSubmatch(text, -1) {
			has[key[1]] = true
		}
		for key, missing := range rest {
			if !has[key] {
				text += missing
			}
		}
		t.Log(text)
		build(t, []byte(text))
	}
}

// build loads a config and makes its chains of the filters that dbmesh has.
func build(t *testing.T, text []byte) {
	t.Helper()
	src := config.Source{Path: "dbmesh.yaml", Text: text}
	for name, value := range environ {
		if strings.Contains(string(text), "${"+name+"}") {
			src.Env = append(src.Env, name+"="+value)
		}
	}
	c, err := config.Load(src)
	if err != nil {
		t.Error(err)
		return
	}
	for _, w := range c.Warnings {
		t.Log("warning:", w)
	}
	pools := make(map[string]bool)
	for _, p := range c.Pools {
		pools[p.Name] = true
	}
	store, err := wasm.NewStore(wasm.StoreOptions{})
	must(t, err)
	b := core.Builder{Registry: core.Registry{
		"auth": auth.Kind(nil), "balancer": balancer.Kind(nil), "slow-log": slowlog.Kind(nil),
		"router": router.Kind(func(name string) bool { return pools[name] }, nil),
		"wasm":   wasm.Kind(store),
	}}
	for _, chain := range c.Chains {
		ch, err := b.Build(chain.Name, chain.Links)
		if err != nil {
			t.Error(c.Explain(chain.Name, err))
			continue
		}
		ch.Discard()
	}
}

// fixtures makes a directory with the files that configs and snippets name, and goes there.
func fixtures(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "db.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	must(t, err)
	must(t, os.Mkdir("tls", 0o700))
	for path, block := range map[string]*pem.Block{
		"tls/server.crt": {Type: "CERTIFICATE", Bytes: der}, "tls/ca.crt": {Type: "CERTIFICATE", Bytes: der},
		"tls/clients.crt": {Type: "CERTIFICATE", Bytes: der}, "tls/server.key": {Type: "PRIVATE KEY", Bytes: private},
		"tls/rsa.pem": {Type: "PUBLIC KEY", Bytes: public},
	} {
		must(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
	must(t, wasmtest.Shown("."))
	for _, path := range []string{"control.password", "app.password", "report.password"} {
		must(t, os.WriteFile(path, []byte("secret\n"), 0o600))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
