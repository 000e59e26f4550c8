package backend

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

func certificates(t *testing.T) *servers.TLS {
	t.Helper()
	certs, err := servers.NewTLS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return certs
}

// publicKeyFile makes an RSA key and writes its public half as a server publishes it.
func publicKeyFile(t *testing.T, kind string) (path string, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PublicKey(&key.PublicKey)
	if kind == "PUBLIC KEY" {
		if der, err = x509.MarshalPKIXPublicKey(&key.PublicKey); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(t.TempDir(), "public.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, key
}

func TestLoginAnswersTheGreetingAtOnce(t *testing.T) {
	for plugin, right := range map[string]func(answer []byte) bool{
		wire.Native: func(a []byte) bool { return wire.VerifyNative(a, challenge, wire.NativeHash("secret-canary")) },
		wire.SHA2:   func(a []byte) bool { return wire.VerifySHA2(a, challenge, wire.SHA2Hash("secret-canary")) },
	} {
		var login *wire.Login
		st, end := play(t, func(f *fake) {
			f.greet(fakeCaps, plugin)
			login = f.login(nil)
			f.ok()
		})
		l, ok, err := Login(st, prepared(t, plain()), hello())
		end()
		if err != nil {
			t.Fatalf("%s: %v", plugin, err)
		}
		if !right(login.Auth) || login.Plugin != plugin || login.User != "app" || login.Schema != "shop" {
			t.Errorf("%s: the login was %+v", plugin, login)
		}
		if ok.Status != 2 || !l.Caps.Has(wire.DeprecateEOF|wire.SessionTrack) || l.TLS {
			t.Errorf("%s: OK %+v, link %+v", plugin, ok, l)
		}
	}
}

func TestLoginFollowsASwitch(t *testing.T) {
	other := []byte("ABCDEFGHIJKLMNOPQRST")
	var answer []byte
	st, end := play(t, func(f *fake) {
		f.greet(fakeCaps, wire.SHA2)
		f.login(nil)
		f.send(wire.Switch{Plugin: wire.Native, Data: other}.Append(nil))
		answer = f.packet()
		f.ok()
	})
	_, _, err := Login(st, prepared(t, plain()), hello())
	end()
	if err != nil {
		t.Fatal(err)
	}
	if !wire.VerifyNative(answer, other, wire.NativeHash("secret-canary")) {
		t.Error("the answer isn't one to the challenge of the switch")
	}
}

func TestLoginTakesTheFastPathOfCachingSHA2(t *testing.T) {
	st, end := play(t, func(f *fake) {
		f.greet(fakeCaps, wire.SHA2)
		f.login(nil)
		f.send([]byte{wire.HeaderMoreData, wire.SHA2FastOK})
		f.ok()
	})
	_, _, err := Login(st, prepared(t, plain()), hello())
	end()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFullExchangeInsideTLSSendsThePassword(t *testing.T) {
	certs := certificates(t)
	p := plain()
	p.TLS.Mode, p.TLS.CA = "verify", certs.CA
	var password []byte
	st, end := play(t, func(f *fake) {
		f.greet(fakeCaps|wire.SSL, wire.SHA2)
		f.login(certs.Server())
		f.send([]byte{wire.HeaderMoreData, wire.SHA2Full})
		password = f.packet()
		f.ok()
	})
	l, _, err := Login(st, prepared(t, p), hello())
	end()
	if err != nil {
		t.Fatal(err)
	}
	if !l.TLS || string(password) != "secret-canary\x00" {
		t.Errorf("TLS %v, the server got %q", l.TLS, password)
	}
}

func TestFullExchangeInTheClearNeedsThePinnedKey(t *testing.T) {
	file, key := publicKeyFile(t, "PUBLIC KEY")
	script := func(sealed *[]byte) func(*fake) {
		return func(f *fake) {
			f.greet(fakeCaps, wire.SHA2)
			f.login(nil)
			f.send([]byte{wire.HeaderMoreData, wire.SHA2Full})
			if *sealed = f.packet(); len(*sealed) < 2 {
				f.deny()
				return
			}
			f.ok()
		}
	}
	var sealed []byte
	pinned := plain()
	pinned.PublicKey = file
	st, end := play(t, script(&sealed))
	_, _, err := Login(st, prepared(t, pinned), hello())
	end()
	if err != nil {
		t.Fatal(err)
	}
	clear, err := rsa.DecryptOAEP(sha1.New(), nil, key, sealed, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range clear {
		clear[i] ^= challenge[i%len(challenge)]
	}
	if string(clear) != "secret-canary\x00" {
		t.Errorf("the server got %q", clear)
	}

	st, end = play(t, script(&sealed))
	_, _, err = Login(st, prepared(t, plain()), hello())
	f := end()
	if !errors.Is(err, ErrFullAuth) {
		t.Errorf("without a key: %v", err)
	}
	if bytes.Contains(f.seen.Bytes(), []byte("secret-canary")) {
		t.Error("the password was sent in clear")
	}
	if len(sealed) != 1 {
		t.Error("the handshake was cut short instead of ended by a wrong answer")
	}
}

func TestClearPasswordIsSentInsideTLSOnly(t *testing.T) {
	certs := certificates(t)
	for _, inTLS := range []bool{false, true} {
		caps, p := fakeCaps, plain()
		if inTLS {
			caps |= wire.SSL
			p.TLS.Mode = "skip-verify"
		}
		var got []byte
		st, end := play(t, func(f *fake) {
			f.greet(caps, wire.Native)
			f.login(certs.Server())
			f.send(wire.Switch{Plugin: wire.Clear}.Append(nil))
			if got = f.packet(); len(got) < 2 {
				f.deny()
				return
			}
			f.ok()
		})
		_, _, err := Login(st, prepared(t, p), hello())
		f := end()
		if inTLS && (err != nil || string(got) != "secret-canary\x00") {
			t.Errorf("inside TLS: %v, the server got %q", err, got)
		}
		if !inTLS && (!errors.Is(err, ErrClear) || bytes.Contains(f.seen.Bytes(), []byte("secret-canary"))) {
			t.Errorf("without TLS: %v", err)
		}
	}
}

func TestGreetingWithClearTextPluginIsNotAnswered(t *testing.T) {
	certs := certificates(t)
	p := plain()
	p.TLS.Mode = "skip-verify"
	var login *wire.Login
	st, end := play(t, func(f *fake) {
		f.greet(fakeCaps|wire.SSL, wire.Clear)
		login = f.login(certs.Server())
		f.deny()
	})
	_, _, err := Login(st, prepared(t, p), hello())
	end()
	var denied *wire.Err
	if !errors.As(err, &denied) || denied.Code != 1045 || len(login.Auth) != 0 {
		t.Errorf("error %v, answer %q", err, login.Auth)
	}
}
