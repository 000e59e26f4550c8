package crowd

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// User and Password are the account of a crowd beside sessions of others. It may do anything
// in every schema.
const (
	User     = "crowd"
	Password = "crowdpw"
)

// pace is the time between two shakes of Stay.
const pace = 5 * time.Millisecond

// Stay has a crowd speak all the time on the connections behind the address to, as the account
// User, until the test ends. Members' answers that are not the server's own fail the test.
func Stay(t testing.TB, server *servers.Backend, to string) {
	t.Helper()
	server.SQL(t, Tables+"; CREATE USER IF NOT EXISTS crowd@'%' IDENTIFIED BY 'crowdpw'; GRANT ALL ON *.* TO crowd@'%'")
	d, err := dialogue.Parse("", "== any variants=modern\nping\n")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	direct := dialogue.Target{Addr: server.Addr, User: User, Password: Password}
	through := direct
	through.Addr = to
	c, err := Join(ctx, string(server.Flavour), direct, through, d[0].Caps&^wire.ConnectWithDB)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended, stop := make(chan struct{}), make(chan struct{})
	shakes := 0
	go func() {
		defer close(ended)
		for err == nil {
			select {
			case <-stop:
				return
			case <-time.After(pace):
				err = c.Shake(ctx)
				shakes++
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-ended
		cancel()
		if err := errors.Join(err, c.Close()); err != nil {
			t.Error(err)
		}
		t.Logf("%d sessions beside the tested ones spoke %d times", c.Size(), shakes)
	})
}
