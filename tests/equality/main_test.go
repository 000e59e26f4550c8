package equality

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

var update = flag.Bool("update", false, "record the corpus anew from the real servers")

var only = flag.String("only", "", "play only the dialogues whose names match the expression")

var shared servers.Shared

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(shared.Run(m))
}

// place is a server, and dbmesh in the shortest config before it.
type place struct {
	server *servers.Backend
	direct dialogue.Target
	mesh   dialogue.Target
}

// user is who plays the dialogues; change-user steps may become other.
// lonely sees only its own connections.
const user, other, lonely = "player", "other", "lonely"

var flavours = []servers.Flavour{servers.FlavourMariaDB, servers.FlavourTiDB}

// at starts a server of the flavour, unless there is one, and dbmesh before it.
func at(t *testing.T, flavour servers.Flavour) *place {
	t.Helper()
	var server *servers.Backend
	if flavour == servers.FlavourMariaDB {
		server = shared.MariaDB(t).Backend
	} else {
		server = shared.TiDB(t).Ends[0]
	}
	for _, name := range []string{user, other} {
		server.Create(t, servers.Account{Name: name, Password: name + "pw", Grant: "ALL ON *.*"})
	}
	server.Create(t, servers.Account{Name: lonely, Password: lonely + "pw"})
	to := dialogue.Target{Addr: server.Addr, User: user, Password: user + "pw", Schema: servers.Schema}
	through := to
	through.Addr = sidecar.Before(t, server.Addr).Addr
	return &place{server: server, direct: to, mesh: through}
}

// playWait bounds one dialogue.
const playWait = 2 * time.Minute

// play plays a dialogue once, in its own empty schema if it wants one.
func (p *place) play(to dialogue.Target, d *dialogue.Dialogue) (*dialogue.Transcript, uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), playWait)
	defer cancel()
	if d.User != "" {
		to.User, to.Password = d.User, d.User+"pw"
		if err := p.gone(ctx, d.User); err != nil {
			return nil, 0, err
		}
	}
	if d.Fresh {
		to.Schema = "eq_" + d.Name
		if _, err := p.server.Query(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s; CREATE DATABASE %s", to.Schema, to.Schema)); err != nil {
			return nil, 0, err
		}
	}
	said, caps, err := dialogue.Play(ctx, to, d)
	return said, uint64(caps), err
}

// gone waits until no connection of the user is left, so that process lists show one only.
func (p *place) gone(ctx context.Context, user string) error {
	for {
		rows, err := p.server.Query(ctx, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = ?", user)
		if err != nil || rows[0][0] == "0" {
			return err
		}
	}
}
