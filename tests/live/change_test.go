package live

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dbmesh/dbmesh/core"
)

// A link that comes with a swap is asked OnConnect about an old session once, before its
// first command, and may refuse it then.
func TestALinkThatCameWithASwapMeetsOldSessionsOnce(t *testing.T) {
	for _, slow := range []bool{false, true} {
		var connects atomic.Int64
		kind := scriptedKind(scripted{connects: &connects})
		kind.Slow = slow
		server := shared.MariaDB(t).Backend
		m := startMesh(t, parts{kinds: core.Registry{"scripted": kind}}, before(server, usualLinks).text())
		apply := func(links string) {
			t.Helper()
			if err := m.apply(before(server, usualLinks+links).text()); err != nil {
				t.Fatal(err)
			}
		}
		c := session(t, app(t, m.addr()))
		denied := &raw{caps: rawCaps, program: "deny"}
		if err := denied.open(m.addr(), "app", "app"); err != nil {
			t.Fatal(err)
		}
		defer denied.Close()

		apply("{kind: scripted, name: new}\n")
		if connects.Load() != 0 {
			t.Fatal("a swap alone asks nobody")
		}
		for range 3 {
			run(t, c, "DO 1")
		}
		if n := connects.Load(); n != 1 {
			t.Errorf("slow %v: OnConnect ran %d times for an old session, want once", slow, n)
		}
		if err := denied.query("SELECT 1"); errno(err) != 1045 || !strings.Contains(err.Error(), "denied at the door") {
			t.Errorf("slow %v: a session that the new link refuses: %v", slow, err)
		}
		if err := denied.query("SELECT 1"); err == nil {
			t.Errorf("slow %v: the refused session lives on", slow)
		}
		connects.Store(0)
		apply("{kind: scripted, name: new}\n") // the same name again
		run(t, c, "DO 1")
		if n := connects.Load(); n != 0 {
			t.Errorf("slow %v: OnConnect ran again for a link of the same name", slow)
		}
		apply("{kind: scripted, name: newer}\n{kind: scripted, name: new}\n")
		run(t, c, "DO 1")
		run(t, c, "DO 1")
		if n := connects.Load(); n != 1 {
			t.Errorf("slow %v: OnConnect ran %d times for one link more", slow, n)
		}
	}
}

func TestARemovedUserFailsAtTheNextLoginOnly(t *testing.T) {
	server := shared.MariaDB(t).Backend
	config := func(users string) string {
		return setup{backends: []string{server.Addr}, links: usualLinks, auth: "{kind: auth, mode: list, users: [" + users + "]}"}.text()
	}
	const other = `{name: other, password: other, backend: {user: app, password: app}}`
	m := startMesh(t, parts{}, config(`{name: app, password: app}, `+other))
	c := session(t, app(t, m.addr()))
	run(t, c, "BEGIN")
	if err := m.apply(config(other)); err != nil {
		t.Fatal(err)
	}
	run(t, c, "COMMIT")
	if err := try(app(t, m.addr()), "SELECT 1"); code(err) != 1045 {
		t.Errorf("a login of a removed user: %v", err)
	}
	if got := value(t, driver(t, m.addr(), "other", "other"), "SELECT CURRENT_USER()"); got != "app@%" {
		t.Errorf("the other user is %s", got)
	}
	// A changed password too.
	if err := m.apply(config(`{name: app, password: new, backend: {user: app, password: app}}, ` + other)); err != nil {
		t.Fatal(err)
	}
	if err := try(app(t, m.addr()), "SELECT 1"); code(err) != 1045 {
		t.Errorf("a login with the old password: %v", err)
	}
	if err := try(driver(t, m.addr(), "app", "new"), "SELECT 1"); err != nil {
		t.Error(err)
	}
	run(t, c, "DO 1")
}

// A listener's settings change under its sessions; a removed one takes nobody in.
func TestListenersComeChangeAndGo(t *testing.T) {
	server := shared.MariaDB(t).Backend
	first := before(server, usualLinks)
	m := startMesh(t, parts{loops: 2}, first.text())
	addr := m.addr()
	c := session(t, app(t, addr))
	first.listener = "max_sessions: 1"
	if err := m.apply(first.text()); err != nil {
		t.Fatal(err)
	}
	if m.addr() != addr {
		t.Fatalf("the listener moved from %s to %s", addr, m.addr())
	}
	if err := try(app(t, addr), "SELECT 1"); code(err) != 1040 {
		t.Errorf("a session over the new limit: %v", err)
	}
	second := strings.Replace(strings.Replace(first.text(), "127.0.0.1:0", freeAddr(t), 1), "name: main, address", "name: second, address", 1)
	if err := m.apply(second); err != nil {
		t.Fatal(err)
	}
	until(t, patience, "connections to the removed listener are refused", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	run(t, c, "DO 1")
	if err := try(app(t, m.server.Addr("second").String()), "SELECT 1"); err != nil {
		t.Errorf("a login at the new listener: %v", err)
	}
	run(t, c, "DO 1")
}
