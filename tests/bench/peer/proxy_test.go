//go:build linux

package peer

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestConfigureWantsBothAddresses(t *testing.T) {
	p := NewPlan()
	p.Config = filepath.Join(t.TempDir(), "in.yaml")
	out := filepath.Join(t.TempDir(), "out.yaml")
	for text, want := range map[string]string{
		"listen: 127.0.0.1:6033\nbackends: [127.0.0.1:3306]\n": "listen: 127.0.0.1:1\nbackends: [127.0.0.1:2]\n",
		"listen: 127.0.0.1:6033\n":                             "",
	} {
		if err := os.WriteFile(p.Config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := p.configure(out, "127.0.0.1:1", "127.0.0.1:2")
		if want == "" {
			if err == nil {
				t.Error("a configuration without the backend is accepted")
			}
			continue
		}
		got, readErr := os.ReadFile(out)
		if err != nil || readErr != nil || string(got) != want {
			t.Errorf("got %q, %v, %v", got, err, readErr)
		}
	}
}

func TestStartSaysWhereTheOutputIs(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p := NewPlan()
	p.Dir = t.TempDir()
	p.Commands["broken"] = "WHY=because sh -c env"
	if _, err := p.Start("broken", "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "broken.out") {
		t.Fatalf("got %v", err)
	}
	out, err := os.ReadFile(filepath.Join(p.Dir, "broken.out"))
	if err != nil || !strings.Contains(string(out), "WHY=because") {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := p.Start("unheard", "127.0.0.1:1"); err == nil {
		t.Error("a peer without a command is started")
	}
}
