package wasmtest

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"

	"github.com/dbmesh/dbmesh/core/abi"
)

// Shown writes into dir the files that the documentation's configurations of user filters name:
// filters with modules that only go on, each with its signature, and keys/filters.pem with the
// key that they are signed with.
func Shown(dir string) error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	m := Guest()
	m.Hook(abi.HookQuery, nil, I64(abi.OpPass))
	module := m.Build()
	files := map[string][]byte{"keys/filters.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
	for _, name := range []string{"no-where", "tenant-guard", "rate-limit", "freeze"} {
		files["filters/"+name+".wasm"] = module
		files["filters/"+name+".wasm.sig"] = ed25519.Sign(private, module)
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
