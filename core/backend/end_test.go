package backend

import (
	"errors"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

func TestEndWaitsUntilTheServerCountsTheConnectionNoMore(t *testing.T) {
	server := shared.MariaDB(t)
	_, src := one(t, server.Backend, func(*core.PoolSettings, *Set) {})
	root, app := core.NewSecret(""), core.NewSecret("app")
	l, err := loginFrom(t, src, appHello())
	if err != nil {
		t.Fatal(err)
	}
	id := l.Greeting.ConnectionID
	if err := src.End(t.Context(), "app", app, id, true); err != nil {
		t.Fatal(err)
	}
	if n := server.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?", id); n != "0" {
		t.Error("the server still counts it")
	}
	if err := src.End(t.Context(), "root", root, id, true); err != nil {
		t.Errorf("the end of one that has ended: %v", err)
	}
	if err := src.End(t.Context(), "root", root, id, false); !errors.Is(err, ErrUnseen) {
		t.Errorf("to look for one that has ended: %v", err)
	}
	h := appHello()
	h.User, h.Password = "root", root
	other, err := loginFrom(t, src, h)
	if err != nil {
		t.Fatal(err)
	}
	var said *wire.Err
	if err := src.End(t.Context(), "app", app, other.Greeting.ConnectionID, true); !errors.As(err, &said) || said.Code != 1095 {
		t.Errorf("the end of somebody else's: %v", err)
	}
}
