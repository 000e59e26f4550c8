// Package docs_test holds that what the documentation shows is so: its configurations are
// right, its commands and its links exist, its metrics are those of the code.
package docs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

const root = "../.."

var binary string // dbmesh, built once

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "dbmesh-docs-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "dbmesh")
	build := exec.Command("go", "build", "-o", binary, "./cmd/dbmesh")
	build.Dir, build.Stderr = root, os.Stderr
	if err := build.Run(); err != nil {
		return 1
	}
	return m.Run()
}

// pages gives the text of every document, by its path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "filters/*/README.md", "tests/*/README.md", "demo/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = string(text)
		}
	}
	if len(all) < 15 {
		t.Fatalf("found %d documents", len(all))
	}
	return all
}

var (
	yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	topKey    = regexp.MustCompile(`(?m)^(\w+):`)
	variable  = regexp.MustCompile(`(^|[^$])\$\{(\w+)\}`)
)

// rest has what a snippet leaves out: what it shows may be only a part of a file.
func rest(snippet string) string {
	parts := map[string]string{
		"listeners": "listeners: [{address: 127.0.0.1:6033, pool: writers}]\n",
		"pools":     "pools:\n- {name: writers, backends: [{address: 127.0.0.1:3306}]}\n",
	}
	if strings.Contains(snippet, "readers") {
		parts["pools"] += "- {name: readers, backends: [{address: 127.0.0.1:3307}]}\n"
	}
	for _, key := range topKey.FindAllStringSubmatch(snippet, -1) {
		delete(parts, key[1])
	}
	missing := ""
	for _, part := range parts {
		missing += part
	}
	return missing
}

// A block that shows a pool without its backends is a part of one, and not run.
func TestEveryConfigurationThatIsShownIsRight(t *testing.T) {
	dir := fixtures(t)
	shown := 0
	for page, text := range pages(t) {
		for _, block := range yamlBlock.FindAllStringSubmatch(text, -1) {
			snippet := block[1]
			if strings.Contains(snippet, "pools:") && !strings.Contains(snippet, "backends:") {
				continue
			}
			shown++
			if said, err := check(t, dir, snippet+rest(snippet)); err != nil {
				t.Errorf("%s: %v: %s\n%s", page, err, said, snippet)
			}
		}
	}
	if shown < 20 {
		t.Errorf("only %d configurations are shown", shown)
	}
}

func TestEveryFileOfConfigsIsRight(t *testing.T) {
	dir := fixtures(t)
	found, err := filepath.Glob(filepath.Join(root, "configs", "*.yaml"))
	if err != nil || len(found) < 4 {
		t.Fatalf("%d configs, error %v", len(found), err)
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if said, err := check(t, dir, string(text)); err != nil {
			t.Errorf("%s: %v: %s", path, err, said)
		}
	}
}

func TestAWrongConfigurationIsNoticed(t *testing.T) {
	said, err := check(t, fixtures(t), "listeners: [{adress: 127.0.0.1:6033}]\n")
	if err == nil || !strings.Contains(said, "adress") {
		t.Errorf("%v: %s", err, said)
	}
}

// check runs "dbmesh check" in dir on a file with the text.
func check(t *testing.T, dir, text string) (string, error) {
	t.Helper()
	path := filepath.Join(dir, "dbmesh.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "check", "--config", path)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		value := "10.0.0.1"
		if strings.HasPrefix(m[2], "DBMESH_BENCH") {
			value = "127.0.0.1:3306"
		}
		cmd.Env = append(cmd.Env, m[2]+"="+value)
	}
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// fixtures is a directory with the certificates and secrets that snippets name.
func fixtures(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
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
	server, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	public, err := x509.MarshalPKIXPublicKey(&server.PublicKey)
	must(t, err)
	must(t, os.Mkdir(filepath.Join(dir, "tls"), 0o700))
	must(t, wasmtest.Shown(dir))
	for name, block := range map[string]*pem.Block{
		"server.crt": {Type: "CERTIFICATE", Bytes: der}, "ca.crt": {Type: "CERTIFICATE", Bytes: der},
		"clients.crt": {Type: "CERTIFICATE", Bytes: der}, "server.key": {Type: "PRIVATE KEY", Bytes: private},
		"rsa.pem": {Type: "PUBLIC KEY", Bytes: public},
	} {
		must(t, os.WriteFile(filepath.Join(dir, "tls", name), pem.EncodeToMemory(block), 0o600))
	}
	for _, name := range []string{"control", "app", "report"} {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s.password", name)), []byte("secret\n"), 0o600))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
