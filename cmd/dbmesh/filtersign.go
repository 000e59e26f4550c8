package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

const signUsage = `dbmesh filter sign signs a module with an Ed25519 key, so that a proxy that wants signatures
takes it: require_signed and keys in the config say so.

  dbmesh filter sign --new-key team.key          makes team.key, to keep secret, and team.key.pub,
                                                 to give to those who run dbmesh
  dbmesh filter sign rule.wasm --key team.key    the signature becomes the module's last section
  dbmesh filter sign rule.wasm --key team.key --detached      it is written to rule.wasm.sig

What was signed can't be changed afterwards: pack the manifest first. Settings beside the module
(rule.yaml) are the operator's and not signed.
`

// filterSign is the verb filter sign.
func filterSign(args []string, out, errs io.Writer) int {
	key, fresh, detached := "", "", false
	flags := newFlags("sign", signUsage)
	flags.StringVar(&key, "key", "", "the private key's `file`, PEM")
	flags.StringVar(&fresh, "new-key", "", "make a key and write it to this `file` and to FILE.pub")
	flags.BoolVar(&detached, "detached", false, "write the signature to FILE.wasm.sig and leave the module as it is")
	files, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	var err error
	switch {
	case fresh != "" && (key != "" || len(files) > 0):
		err = &usageError{errors.New("--new-key only makes a key; sign with it afterwards")}
	case fresh != "":
		err = newKey(fresh, out)
	case len(files) == 0:
		err = &usageError{errors.New("say which module, such as dbmesh filter sign rule.wasm --key team.key")}
	case key == "":
		err = &usageError{errors.New("say with which key, --key FILE; --new-key FILE makes one")}
	default:
		err = signFile(files[0], key, detached, out)
	}
	if err != nil {
		return ended(errs, "sign", err)
	}
	return exitOK
}

// newKey writes a pair of keys and overwrites none.
func newKey(path string, out io.Writer) error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	shown, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		path, kind string
		der        []byte
		mode       os.FileMode
	}{{path, "PRIVATE KEY", secret, 0o600}, {path + ".pub", "PUBLIC KEY", shown, 0o644}} {
		if err := createFile(f.path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), f.mode); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "made %s, to keep secret, and %s.pub, for those who run dbmesh; its id is %s\n", path, path, wasm.KeyID(public))
	return nil
}

// createFile writes a file that must not be there yet.
func createFile(path string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and a key that is gone can't be had again", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func signFile(path, keyPath string, detached bool, out io.Writer) error {
	key, err := privateKey(keyPath)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := isModule(b); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	id := wasm.KeyID(key.Public().(ed25519.PublicKey))
	if detached {
		signature := base64.StdEncoding.EncodeToString(ed25519.Sign(key, b)) + "\n"
		if err := replaceFile(path+".sig", []byte(signature)); err != nil {
			return err
		}
		fmt.Fprintf(out, "signed %s with the key %s: %s.sig\n", path, id, path)
		return nil
	}
	b, again := module.WithoutSection(b, abi.SignatureSection)
	if err := replaceFile(path, module.AppendSection(b, abi.SignatureSection, ed25519.Sign(key, b))); err != nil {
		return err
	}
	fmt.Fprintf(out, "signed %s with the key %s\n", path, id)
	if again {
		fmt.Fprintln(out, "the signature that it had was replaced")
	}
	return nil
}

func privateKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s has no PRIVATE KEY in PEM; dbmesh filter sign --new-key makes one", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s has a key that is not for Ed25519", path)
	}
	return key, nil
}
