package wire

import (
	"reflect"
	"strings"
	"testing"
)

// loginCaps are what a usual client sends.
const loginCaps = LongPassword | Protocol41 | SecureConn | PluginAuth | AuthLenenc | ConnectWithDB | ConnectAttrs

func logins() map[string]Login {
	attrs := AppendAttr(AppendAttr(nil, "_client_name", "libmysql"), "empty", "")
	return map[string]Login{
		"everything":          {Caps: loginCaps, MaxPacket: 1 << 24, Collation: 45, User: "app", Auth: []byte("01234567890123456789"), Schema: "shop", Plugin: Native, Attrs: attrs},
		"zstd":                {Caps: loginCaps | Zstd, User: "a", Auth: []byte{}, Plugin: SHA2, Attrs: attrs, Zstd: 3},
		"long answer":         {Caps: loginCaps, Auth: []byte(strings.Repeat("p", 300)), Attrs: attrs},
		"many attributes":     {Caps: loginCaps, Auth: []byte{}, Attrs: AppendAttr(nil, "k", strings.Repeat("v", 70000))},
		"a byte of length":    {Caps: Protocol41 | SecureConn | PluginAuth, User: "u", Auth: []byte("abc"), Plugin: Native},
		"answer up to a NUL":  {Caps: Protocol41, User: "u", Auth: []byte("abc")},
		"MariaDB's extension": {Caps: loginCaps&^LongPassword | BulkStmts | CacheMetadata, User: "u", Auth: []byte("x"), Attrs: []byte{}},
	}
}

func TestLoginsSurviveARoundTrip(t *testing.T) {
	for name, l := range logins() {
		got, tls, err := ParseLogin(l.Append(nil))
		if err != nil || tls || !reflect.DeepEqual(got, &l) {
			t.Errorf("%s: %+v came back as %+v, %t, %v", name, l, got, tls, err)
		}
	}
}

func TestLoginRefusesEveryCutButOfWhatMayLack(t *testing.T) {
	decode := func(b []byte) error {
		_, _, err := ParseLogin(b)
		return err
	}
	l := logins()["everything"]
	b := l.Append(nil)
	answer := loginPrefix + len("app\x00") + 1 + 20
	refusesPrefixes(t, b[:answer], answer, decode)
	// Behind it, names may lack their NUL, and attributes may lack as a whole.
	for n := answer; n < len(b); n++ {
		inAttrs := n > len(b)-len(l.Attrs)-1
		if err := decode(b[:n:n]); (err != nil) != inAttrs {
			t.Errorf("the first %d of %d bytes: %v", n, len(b), err)
		}
	}
	old := Login{Caps: Protocol41, User: "u", Auth: []byte("abc")}
	b = old.Append(nil)
	refusesPrefixes(t, b, len(b), decode)
}

func TestAClientThatWantsTLSIsUnderstood(t *testing.T) {
	l := Login{Caps: loginCaps | SSL, MaxPacket: 7, Collation: 45}
	got, tls, err := ParseLogin(l.AppendSSLRequest(nil))
	if err != nil || !tls || !reflect.DeepEqual(got, &l) {
		t.Errorf("got %+v, %t, %v", got, tls, err)
	}
	if _, tls, err = ParseLogin(l.Append(nil)); err != nil || tls {
		t.Errorf("the login inside TLS: %t, %v", tls, err)
	}
	l.Caps &^= SSL
	if _, _, err = ParseLogin(l.AppendSSLRequest(nil)); err == nil {
		t.Error("a login without a user was taken")
	}
}

func TestAClientBefore41IsRefused(t *testing.T) {
	l := Login{Caps: SecureConn}
	if _, _, err := ParseLogin(l.Append(nil)); err == nil {
		t.Error("it was taken")
	}
}

func TestAnAnswerTooLongForItsFieldDoesNotReachTheNext(t *testing.T) {
	caps := Protocol41 | SecureConn | PluginAuth
	l := Login{Caps: caps, Auth: []byte(strings.Repeat("x", 255) + "evil\x00"), Plugin: Native}
	if got, _, err := ParseLogin(l.Append(nil)); err != nil || got.Plugin != Native || len(got.Auth) != 255 {
		t.Errorf("got %+v, %v", got, err)
	}
	u := UserChange{Auth: l.Auth, Schema: "shop"}
	if got, err := ParseUserChange(u.Append(nil, caps), caps); err != nil || got.Schema != "shop" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAttributesAreWalkedInOrder(t *testing.T) {
	b := AppendAttr(AppendAttr(nil, "_os", "Linux"), "long", strings.Repeat("v", 300))
	var got []string
	walk := func(b []byte) error {
		got = nil
		return EachAttr(b, func(name, value string) { got = append(got, name, value) })
	}
	if err := walk(b); err != nil || !reflect.DeepEqual(got, []string{"_os", "Linux", "long", strings.Repeat("v", 300)}) {
		t.Errorf("got %q, %v", got, err)
	}
	for n := 1; n < len(b); n++ {
		if err := walk(b[:n]); (err == nil) != (n == len("._os.Linux")) {
			t.Errorf("the first %d bytes: %q, %v", n, got, err)
		}
	}
	if err := walk(nil); err != nil || got != nil {
		t.Errorf("no attributes: %q, %v", got, err)
	}
}

func TestUserChangesSurviveARoundTrip(t *testing.T) {
	attrs := AppendAttr(nil, "a", "b")
	for name, c := range map[string]struct {
		u    UserChange
		caps Caps
	}{
		"everything": {UserChange{"app", "shop", []byte("01234567890123456789"), 255, Native, attrs}, loginCaps},
		"empty":      {UserChange{Auth: []byte{}, Attrs: []byte{}}, loginCaps},
		"no plugin":  {UserChange{User: "u", Schema: "s", Auth: []byte("x"), Collation: 8}, SecureConn},
		"old":        {UserChange{User: "u", Schema: "s", Auth: []byte("x"), Collation: 8}, 0},
	} {
		b := c.u.Append(nil, c.caps)
		got, err := ParseUserChange(b, c.caps)
		if err != nil || !reflect.DeepEqual(got, &c.u) {
			t.Errorf("%s: %+v came back as %+v, %v", name, c.u, got, err)
		}
	}
}

func TestUserChangeRefusesACut(t *testing.T) {
	u := UserChange{"app", "shop", []byte("0123"), 255, Native, AppendAttr(nil, "a", "b")}
	b := u.Append(nil, loginCaps)
	schema := 1 + len("app\x00") + 1 + 4
	collation := schema + len("shop\x00")
	plugin := collation + 2
	attrs := plugin + len(Native) + 1
	for n := range b {
		_, err := ParseUserChange(b[:n:n], loginCaps)
		bad := n < schema || n == collation+1 || n > attrs
		if (err != nil) != bad {
			t.Errorf("the first %d of %d bytes: %v", n, len(b), err)
		}
	}
}
