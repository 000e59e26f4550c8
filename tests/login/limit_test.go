package login

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// limited is passthrough with more keys for the listener.
func limited(t *testing.T, b *servers.Backend, keys string) *sidecar.Dbmesh {
	t.Helper()
	return sidecar.With(t, `
listeners:
  - address: ${LISTEN}
    `+keys+`
pools:
  - name: backends
    health: {interval: 10s, timeout: 10s}
    backends:
      - address: ${BACKEND}
`, "BACKEND="+b.Addr)
}

// eventually tries until there is no error.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.Now().Add(rawWait)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func appLogin(t *testing.T, d *sidecar.Dbmesh) (*raw, error) {
	t.Helper()
	r, err := dial(t, "tcp", d.Addr)
	if err == nil {
		err = r.login(servers.AppUser, servers.AppPassword, "")
	}
	return r, err
}

func TestSessionsBeyondTheListenersLimitGet1040(t *testing.T) {
	d := limited(t, shared.MariaDB(t).Backend, "max_sessions: 2")
	var first *raw
	eventually(t, func() (err error) { first, err = appLogin(t, d); return err }) // the probe of the start may still count
	_, err := appLogin(t, d)
	must(t, err)
	_, err = appLogin(t, d)
	var e *wire.Err
	if !errors.As(err, &e) || e.Code != 1040 || e.Message != "Too many connections" {
		t.Fatalf("the third session: %v", err)
	}
	_ = first.net.Close()
	eventually(t, func() error { _, err := appLogin(t, d); return err })
}

func TestSessionsBeyondTheUsersLimitGet1226(t *testing.T) {
	b := shared.MariaDB(t).Backend
	b.Create(t, servers.Account{Name: "other", Password: "other"})
	d := limited(t, b, "max_sessions_per_user: 2")
	first, err := appLogin(t, d)
	must(t, err)
	_, err = appLogin(t, d)
	must(t, err)
	_, err = appLogin(t, d)
	var e *wire.Err
	if !errors.As(err, &e) || e.Code != 1226 || e.State != "42000" {
		t.Fatalf("the third session of the user: %v", err)
	}
	enter(t, d.Addr, "other", "other", "")
	_ = first.net.Close()
	eventually(t, func() error { _, err := appLogin(t, d); return err })
}

// TestALoginThatTakesTooLongIsCut covers each point at which a client may fall silent.
func TestALoginThatTakesTooLongIsCut(t *testing.T) {
	const limit = 500 * time.Millisecond
	d := limited(t, shared.MariaDB(t).Backend, "login_timeout: 500ms")
	l := &wire.Login{Caps: rawCaps, MaxPacket: 1 << 24, Collation: 45, User: servers.AppUser, Plugin: wire.Native}
	whole, _ := wire.AppendFrame(nil, l.Append(nil), 1)
	for title, sent := range map[string][]byte{
		"says nothing": nil, "half a header": whole[:2], "half a login": whole[:20], "no answer to the switch": whole,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			r, err := dial(t, "tcp", d.Addr)
			must(t, err)
			_, err = r.net.Write(sent)
			must(t, err)
			if _, err := io.Copy(io.Discard, r.net); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the connection is still open")
			}
			if took := time.Since(started); took < limit-50*time.Millisecond || took > 16*limit { // 10 s is usual
				t.Errorf("cut after %v", took)
			}
			eventually(t, func() error { _, err := appLogin(t, d); return err }) // which must be quick enough itself
		})
	}
}

// TestAnUnknownUserIsLedThroughTheSameExchange compares the packets, not the time.
func TestAnUnknownUserIsLedThroughTheSameExchange(t *testing.T) {
	b := shared.MariaDB(t).Backend
	for _, kind := range []string{"password: right", "password: right, plugin: caching_sha2_password",
		"password: '*" + fmt.Sprintf("%X", wire.NativeHash("right")) + "', plugin: caching_sha2_password", "no_password: true"} {
		t.Run(kind, func(t *testing.T) {
			d := list(t, b, plain, []string{"{name: known, " + kind + ", backend: {user: app, password: app}}"})
			shape := func(user, password string) []string {
				r, err := dial(t, "tcp", d.Addr)
				must(t, err)
				if err := r.login(user, password, ""); code(err) != 1045 {
					t.Fatalf("%s gets %v", user, err)
				}
				return r.shape
			}
			for range 2 { // cold and warm
				if known, unknown := shape("known", "wrong"), shape("unknown", "wrong"); !slices.Equal(known, unknown) {
					t.Errorf("\nwrong password: %q\n  unknown user: %q", known, unknown)
				}
			}
		})
	}
}

// TestGarbageInTheConnectionPhaseEndsOnlyItsOwnSession sends what is no login.
func TestGarbageInTheConnectionPhaseEndsOnlyItsOwnSession(t *testing.T) {
	d := limited(t, shared.MariaDB(t).Backend, "login_timeout: 5s")
	_, err := appLogin(t, d)
	must(t, err)
	for _, sent := range [][]byte{
		[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		{0xff, 0xff, 0xff, 1}, {0, 0, 0, 1}, {1, 0, 0, 1, 0xff}, {1, 0, 0, 9, 0},
	} {
		r, err := dial(t, "tcp", d.Addr)
		must(t, err)
		_, err = r.net.Write(sent)
		must(t, err)
		_ = r.net.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, r.net); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: the connection is still open", sent)
		}
	}
	_, err = appLogin(t, d)
	must(t, err)
}
