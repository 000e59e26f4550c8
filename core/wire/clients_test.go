package wire_test

import (
	"context"
	"database/sql"
	"net"
	"os/exec"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/go-sql-driver/mysql"
)

// answerer is a server that answers every query with the same result set.
type answerer struct {
	caps    wire.Caps
	columns []string
	rows    [][][]byte
}

// listen serves until the test ends and gives the address.
func (a answerer) listen(t *testing.T) net.Addr {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(30 * time.Second))
				a.serve(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); open.Wait() })
	return l.Addr()
}

// serve ends when the client leaves.
func (a answerer) serve(raw net.Conn) {
	c := wire.NewConn(raw)
	g := wire.Greeting{Version: "5.5.5-10.11.0-MariaDB", Scramble: wire.NewScramble(), Plugin: wire.Native, Collation: 45, Status: 2,
		Caps: a.caps | wire.Protocol41 | wire.SecureConn | wire.PluginAuth | wire.AuthLenenc | wire.ConnectAttrs | wire.MultiResults}
	if c.WritePacket(g.Append(nil)) != nil {
		return
	}
	p, err := c.ReadPacket()
	if err != nil {
		return
	}
	login, _, err := wire.ParseLogin(p)
	if err != nil {
		return
	}
	caps := login.Caps & g.Caps
	if c.WritePacket(wire.AppendOK(nil, wire.OK{Status: 2}, caps)) != nil {
		return
	}
	for {
		c.Seq = 0
		p, err := c.ReadPacket()
		if err != nil || p[0] == 1 {
			return
		}
		b := wire.AppendOK(nil, wire.OK{Status: 2}, caps)
		if p[0] != 3 {
			err = c.WritePacket(b)
		} else {
			b, _ = wire.AppendResult(nil, a.columns, a.rows, caps, 45, 2, 1)
			_, err = raw.Write(b)
		}
		if err != nil {
			return
		}
	}
}

func TestClientsReadAResultSet(t *testing.T) {
	for name, caps := range map[string]wire.Caps{
		"classic": wire.LongPassword, "without EOF": wire.LongPassword | wire.DeprecateEOF,
		"tracked":          wire.LongPassword | wire.SessionTrack | wire.DeprecateEOF,
		"MariaDB":          wire.DeprecateEOF | wire.Progress | wire.BulkStmts | wire.ExtendedMeta | wire.CacheMetadata,
		"MariaDB, classic": wire.Progress | wire.BulkStmts | wire.ExtendedMeta | wire.CacheMetadata,
	} {
		a := answerer{caps, []string{"name", "value"}, [][][]byte{{[]byte("one"), []byte("ünï")}, {[]byte(""), nil}}}
		addr := a.listen(t).(*net.TCPAddr)
		t.Run(name+", Go", func(t *testing.T) { readByDriver(t, addr) })
		t.Run(name+", command line", func(t *testing.T) { readByCommandLine(t, addr) })
	}
}

func readByDriver(t *testing.T, addr *net.TCPAddr) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User = "tcp", addr.String(), "app"
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for range 2 { // the second one finds the end of the first
		rows, err := db.Query("SELECT anything")
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		var got []sql.NullString
		for rows.Next() {
			var name, value sql.NullString
			if err := rows.Scan(&name, &value); err != nil {
				t.Fatal(err)
			}
			got = append(got, name, value)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		want := []sql.NullString{{String: "one", Valid: true}, {String: "ünï", Valid: true}, {String: "", Valid: true}, {}}
		if !reflect.DeepEqual(columns, []string{"name", "value"}) || !reflect.DeepEqual(got, want) {
			t.Errorf("columns %q, rows %v", columns, got)
		}
	}
}

func readByCommandLine(t *testing.T, addr *net.TCPAddr) {
	client, err := exec.LookPath("mariadb")
	if err != nil {
		t.Skip("the mariadb command is not on this machine")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, client, "--no-defaults", "-h127.0.0.1", "-P", strconv.Itoa(addr.Port), "-uapp",
		"--skip-ssl", "--default-character-set=utf8mb4", "-e", "SELECT 1; SELECT 2")
	out, err := cmd.CombinedOutput()
	want := "name\tvalue\none\tünï\n\tNULL\n"
	if err != nil || string(out) != want+want {
		t.Errorf("%v: %q", err, out)
	}
}
