package live

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The real command, its file rewritten: good configs apply with or without a signal, a bad
// one leaves the old one serving and says in the log what is wrong where.
func TestTheCommandReloadsItsFileAndKeepsTheOldConfigOnErrors(t *testing.T) {
	server := shared.MariaDB(t).Backend
	good := before(server, usualLinks)
	p := startProcess(t, good.text())
	c := session(t, app(t, p.addr))
	bad := []struct{ name, text, line, says string }{
		{"syntax", good.text() + "  - [\n", "dbmesh.yaml:", ""},
		{"unknown kind", before(server, usualLinks+"{kind: sieve}\n").text(), "chains[0].links[3]", "sieve"},
		{"filter error", before(server, usualLinks+"{kind: slow-log, threshold: soon}\n").text(), "chains[0].links[3].threshold", "soon"},
		{"certificate", setup{backends: []string{server.Addr}, links: usualLinks, listener: "tls: {mode: prefer, cert: none.pem, key: none.key}"}.text(), "none.pem", ""},
		{"unknown key", good.text() + "colour: blue\n", "colour", "unknown key"},
		{"fixed key", good.text() + "loops: 3\n", "loops", ""},
	}
	for _, b := range bad {
		t.Run(b.name, func(t *testing.T) {
			refused := strings.Count(p.text(), "config refused")
			p.write(t, b.text)
			p.signal(t, syscall.SIGHUP)
			until(t, patience, "the refusal is logged", func() bool { return strings.Count(p.text(), "config refused") > refused })
			p.says(t, "config refused", b.line, b.says)
			if got := value(t, c, "SELECT 42"); got != "42" {
				t.Error(got)
			}
			if err := try(app(t, p.addr), "SELECT 1"); err != nil {
				t.Errorf("a new session: %v", err)
			}
		})
	}
	id := value(t, c, "SELECT CONNECTION_ID()")
	swaps := atScale(10, 20, 100)
	for i := range swaps {
		applied := strings.Count(p.text(), "config in force")
		p.write(t, before(server, usualLinks+fmt.Sprintf("{kind: slow-log, threshold: %dms}\n", 1000+i)).text())
		if i%2 == 0 {
			p.signal(t, syscall.SIGHUP)
		}
		until(t, patience, "the new config is in force", func() bool { return strings.Count(p.text(), "config in force") > applied })
		if got := value(t, c, "SELECT CONNECTION_ID()"); got != id {
			t.Fatalf("the session's backend connection changed from %s to %s", id, got)
		}
	}
	p.signal(t, syscall.SIGTERM)
	if status := p.ends(t, 10*time.Second); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
