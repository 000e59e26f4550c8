package backend

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// opened runs Open against a server with caps and certs, and gives what the server saw.
func opened(t *testing.T, tlsSettings core.ClientTLSSettings, caps wire.Caps, certs *tls.Config, h Hello) (*Link, *fake, *wire.Login, error) {
	t.Helper()
	p := plain()
	p.TLS = tlsSettings
	var login *wire.Login
	st, end := play(t, func(f *fake) {
		f.greet(caps, wire.Native)
		login = f.login(certs)
	})
	l, err := Open(st, prepared(t, p), h)
	return l, end(), login, err
}

func TestTLSModes(t *testing.T) {
	ours, others := certificates(t), certificates(t)
	const offers = fakeCaps | wire.SSL
	for name, c := range map[string]struct {
		tls   core.ClientTLSSettings
		caps  wire.Caps
		certs *tls.Config
		err   error  // what the error is, nil for a success
		says  string // what its text holds
		tlsOn bool
	}{
		"off ignores what the server offers":    {tls: core.ClientTLSSettings{Mode: "off"}, caps: offers},
		"prefer uses TLS":                       {tls: core.ClientTLSSettings{}, caps: offers, certs: others.Server(), tlsOn: true},
		"prefer goes on in the clear":           {tls: core.ClientTLSSettings{Mode: "prefer"}, caps: fakeCaps},
		"a CA means verify":                     {tls: core.ClientTLSSettings{CA: ours.CA}, caps: offers, certs: ours.Server(), tlsOn: true},
		"verify refuses another CA":             {tls: core.ClientTLSSettings{CA: ours.CA}, caps: offers, certs: others.Server(), err: ErrTLS, says: "unknown authority"},
		"verify refuses another name":           {tls: core.ClientTLSSettings{CA: ours.CA, ServerName: "db.example"}, caps: offers, certs: ours.Server(), err: ErrTLS, says: "db.example"},
		"verify takes the name it is told":      {tls: core.ClientTLSSettings{CA: ours.CA, ServerName: "localhost"}, caps: offers, certs: ours.Server(), tlsOn: true},
		"verify refuses a server without TLS":   {tls: core.ClientTLSSettings{CA: ours.CA}, caps: fakeCaps, err: ErrNoTLS},
		"skip-verify takes any certificate":     {tls: core.ClientTLSSettings{Mode: "skip-verify", ServerName: "db.example"}, caps: offers, certs: others.Server(), tlsOn: true},
		"skip-verify refuses to go on in clear": {tls: core.ClientTLSSettings{Mode: "skip-verify"}, caps: fakeCaps, err: ErrNoTLS},
	} {
		t.Run(name, func(t *testing.T) {
			l, f, login, err := opened(t, c.tls, c.caps, c.certs, hello())
			if c.err != nil {
				if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, want %v with %q", err, c.err, c.says)
				}
				if bytes.Contains(f.seen.Bytes(), []byte("app")) {
					t.Error("the account's name was sent before the server had proved itself")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.TLS != c.tlsOn || f.tls != c.tlsOn || login.User != "app" || l.Caps.Has(wire.SSL) != c.tlsOn {
				t.Errorf("TLS %v, server has TLS %v, login %+v", l.TLS, f.tls, login)
			}
		})
	}
}

func TestPlainBytesBehindTheSwitchToTLSAreRefused(t *testing.T) {
	p := plain()
	p.TLS.Mode = "skip-verify"
	st, end := play(t, func(f *fake) {
		var b bytes.Buffer
		g := &wire.Greeting{Version: "8.4.0", Scramble: challenge, Caps: fakeCaps | wire.SSL, Plugin: wire.Native}
		frame, _ := wire.AppendFrame(nil, g.Append(nil), 0)
		b.Write(frame)
		b.WriteString("\x01\x00\x00\x02\x00") // an OK packet that an attacker has stuffed in
		_, _ = f.Write(b.Bytes())
		f.packet()
	})
	_, err := Open(st, prepared(t, p), hello())
	end()
	if !errors.Is(err, ErrStuffed) {
		t.Error(err)
	}
}

func TestOpenAgreesOnWhatBothSidesHave(t *testing.T) {
	maria := fakeCaps&^(wire.LongPassword|wire.QueryAttrs) | wire.BulkStmts | wire.CacheMetadata
	const ext = wire.BulkStmts | wire.ExtendedMeta | wire.CacheMetadata
	for name, c := range map[string]struct {
		client, server, has, hasNot wire.Caps
	}{
		"what the server lacks is left out":        {fakeCaps, maria, wire.DeprecateEOF, wire.QueryAttrs | ext},
		"what the client lacks is left out":        {fakeCaps &^ wire.DeprecateEOF, fakeCaps, wire.SessionTrack, wire.DeprecateEOF},
		"MariaDB's extensions need both":           {fakeCaps&^wire.LongPassword | ext, maria, wire.BulkStmts | wire.CacheMetadata, wire.ExtendedMeta | wire.LongPassword},
		"LongPassword is the client's":             {fakeCaps, maria, wire.LongPassword, ext},
		"compression is never asked for":           {fakeCaps | wire.Compress | wire.Zstd, fakeCaps | wire.Compress | wire.Zstd, 0, wire.Compress | wire.Zstd},
		"what shapes the login is this hop's only": {fakeCaps &^ (wire.PluginAuth | wire.AuthLenenc | wire.ConnectAttrs), fakeCaps, wire.PluginAuth | wire.AuthLenenc | wire.ConnectAttrs | wire.ConnectWithDB, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := hello()
			h.Caps = c.client
			l, _, login, err := opened(t, plain().TLS, c.server, nil, h)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 64 {
				bit := wire.Caps(1) << i
				if c.has&bit != 0 && !l.Caps.Has(bit) || c.hasNot&bit != 0 && l.Caps.Has(bit) {
					t.Errorf("capability bit %d is wrong in %#x", i, l.Caps)
				}
			}
			if login.Caps != l.Caps {
				t.Errorf("the link says %#x, the server was told %#x", l.Caps, login.Caps)
			}
		})
	}
}

func TestOpenForPassthroughClaimsAnUnknownPlugin(t *testing.T) {
	h := hello()
	h.Plugin, h.Schema = Passthrough, ""
	h.Attrs = wire.AppendAttr(nil, "_client_name", "libmysql")
	h.ProxyHeader = []byte("PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\n")
	_, f, login, err := openedBehindHeader(t, h)
	if err != nil {
		t.Fatal(err)
	}
	if login.Plugin != Passthrough || len(login.Auth) != 0 || login.Schema != "" || login.Caps.Has(wire.ConnectWithDB) {
		t.Errorf("the login was %+v", login)
	}
	if !bytes.Equal(login.Attrs, h.Attrs) {
		t.Errorf("attributes were changed to %q", login.Attrs)
	}
	if !bytes.HasPrefix(f.seen.Bytes(), h.ProxyHeader) {
		t.Error("the PROXY header didn't come first")
	}
}

func openedBehindHeader(t *testing.T, h Hello) (*Link, *fake, *wire.Login, error) {
	t.Helper()
	var login *wire.Login
	st, end := play(t, func(f *fake) {
		header := make([]byte, len(h.ProxyHeader))
		if _, err := f.Read(header); err != nil {
			t.Error(err)
		}
		f.greet(fakeCaps, wire.SHA2)
		login = f.login(nil)
	})
	l, err := Open(st, prepared(t, plain()), h)
	return l, end(), login, err
}

func TestOwnLoginsTellWhoIsBehindThem(t *testing.T) {
	h := hello()
	h.Own, h.Client = true, netip.MustParseAddrPort("192.0.2.9:4711")
	h.Attrs = wire.AppendAttr(nil, "_client_name", "libmysql")
	_, _, login, err := opened(t, plain().TLS, fakeCaps, nil, h)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if err := wire.EachAttr(login.Attrs, func(k, v string) { got[k] = v }); err != nil {
		t.Fatal(err)
	}
	if got["_client_name"] != "libmysql" || got["_proxy"] != "dbmesh" || got["proxy_client_addr"] != "192.0.2.9:4711" {
		t.Errorf("attributes %v", got)
	}
}

func TestHostileBackends(t *testing.T) {
	huge, _ := wire.AppendFrame(nil, make([]byte, 1<<20), 0)
	login := func(then func(*fake)) func(*fake) {
		return func(f *fake) {
			f.greet(fakeCaps, wire.SHA2)
			f.login(nil)
			then(f)
		}
	}
	for name, c := range map[string]struct {
		script func(*fake)
		is     error // nil if any error will do
	}{
		"garbage":                   {func(f *fake) { _, _ = f.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, nil},
		"an endless packet":         {func(f *fake) { _, _ = f.Write(huge) }, wire.ErrTooLarge},
		"an empty greeting":         {func(f *fake) { f.send(nil) }, nil},
		"a truncated greeting":      {func(f *fake) { f.send([]byte("\x0a8.4.0\x00\x01\x02")) }, wire.ErrMalformed},
		"silence, then the end":     {func(*fake) {}, nil},
		"a protocol before 4.1":     {func(f *fake) { f.greet(wire.LongPassword, "") }, ErrTooOld},
		"an endless login":          {login(endless([]byte{wire.HeaderMoreData, wire.SHA2FastOK})), ErrUnexpected},
		"endless switches":          {login(endless(wire.Switch{Plugin: wire.Native, Data: challenge}.Append(nil))), ErrUnexpected},
		"an empty packet":           {login(func(f *fake) { f.send(nil) }), ErrUnexpected},
		"a row":                     {login(func(f *fake) { f.send([]byte{0x05, 'h', 'e'}) }), ErrUnexpected},
		"a plugin of its own":       {login(func(f *fake) { f.send(wire.Switch{Plugin: "dialog"}.Append(nil)); f.packet(); f.deny() }), ErrPlugin},
		"the pre-4.1 method":        {login(func(f *fake) { f.send([]byte{wire.HeaderEOF}); f.packet(); f.deny() }), ErrPlugin},
		"a switch without its NUL":  {login(func(f *fake) { f.send([]byte("\xfemysql")) }), wire.ErrMalformed},
		"a key instead of a demand": {login(func(f *fake) { f.send([]byte("\x01-----BEGIN PUBLIC KEY-----")) }), ErrUnexpected},
		"a packet out of order":     {login(func(f *fake) { f.Seq = 9; f.ok() }), wire.ErrSequence},
		"an OK without its end":     {login(func(f *fake) { f.send([]byte{wire.HeaderOK, 0}) }), wire.ErrMalformed},
		"a full exchange in clear":  {login(func(f *fake) { f.send([]byte{wire.HeaderMoreData, wire.SHA2Full}); f.packet(); f.deny() }), ErrFullAuth},
		"more data from native": {login(func(f *fake) {
			f.send(wire.Switch{Plugin: wire.Native, Data: challenge}.Append(nil))
			f.packet()
			f.send([]byte{wire.HeaderMoreData, wire.SHA2Full})
		}), ErrUnexpected},
		"a switch to ed25519 of ''":  {login(func(f *fake) { f.send(wire.Switch{Plugin: wire.Ed25519}.Append(nil)); f.packet(); f.deny() }), nil},
		"a refusal as its first act": {func(f *fake) { f.send(wire.AppendErr(nil, &wire.Err{Code: 1040, Message: "Too many connections"}, 0)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			st, end := play(t, c.script)
			_, _, err := Login(st, prepared(t, plain()), hello())
			f := end()
			if err == nil || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v, want %v", err, c.is)
			}
			if bytes.Contains(f.seen.Bytes(), []byte("canary")) {
				t.Error("the password was sent in clear")
			}
		})
	}
}

func endless(p []byte) func(*fake) {
	return func(f *fake) {
		for f.WritePacket(p) == nil {
			if p[0] == wire.HeaderEOF && f.packet() == nil {
				return
			}
		}
	}
}
