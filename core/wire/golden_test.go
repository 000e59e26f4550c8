package wire_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

var update = flag.Bool("update", false, "record testdata anew from a real MariaDB")

func itoa(n int) string { return strconv.Itoa(n) }

// recorded are the capabilities of the connections that are recorded.
const (
	plainCaps = wire.LongPassword | wire.Protocol41 | wire.SecureConn | wire.PluginAuth | wire.AuthLenenc | wire.ConnectWithDB |
		wire.ConnectAttrs | wire.MultiStmts | wire.MultiResults | 1<<18 | wire.LocalFiles
	mariadbCaps = plainCaps&^wire.LongPassword | wire.SessionTrack | wire.Progress | wire.BulkStmts | wire.ExtendedMeta | wire.CacheMetadata
)

func TestTranscriptsAreRecordedWhenAsked(t *testing.T) {
	if !*update {
		t.Skip("nothing is recorded without -update")
	}
	s := servers.MariaDB(t)
	s.SQL(t, "SET GLOBAL log_warnings = 0")
	s.Create(t, servers.Account{Name: "recorder", Password: "secret", Grant: "ALL ON *.*"})
	s.Create(t, servers.Account{Name: "edward", Password: "secret", Plugin: servers.Ed25519})
	s.Create(t, servers.Account{Name: "natalie", Password: "secret"})
	about := "Recorded from " + s.Value(t, "SELECT VERSION()") + " by go test ./core/wire -run Recorded -update"
	for name, caps := range map[string]wire.Caps{
		"classic": plainCaps, "deprecate_eof": plainCaps | wire.DeprecateEOF,
		"mariadb_classic": mariadbCaps, "mariadb": mariadbCaps | wire.DeprecateEOF,
	} {
		r := record(t, s.Addr, about, "recorder", "secret", caps)
		if caps.Has(wire.SessionTrack) {
			r.query("track everything", 0, "SET session_track_system_variables = '*', session_track_state_change = ON, session_track_transaction_info = 'CHARACTERISTICS'")
		}
		for _, dialogue := range []func(*recorder){queries, results, prepared, extended, commands} {
			dialogue(r)
		}
		r.changeUser("change user", "natalie", "secret")
		r.changeUser("change user, ed25519", "edward", "secret")
		r.changeUser("change user back", "recorder", "secret")
		save(t, name, r)
	}
	for name, caps := range map[string]wire.Caps{"large_classic": plainCaps, "large_deprecate_eof": plainCaps | wire.DeprecateEOF} {
		r := record(t, s.Addr, about, "recorder", "secret", caps)
		lengths(r)
		save(t, name, r)
	}
	r := record(t, s.Addr, about, "edward", "secret", mariadbCaps|wire.DeprecateEOF)
	r.command("ping", 0, []byte{0x0e})
	save(t, "login_ed25519", r)
	save(t, "login_refused", record(t, s.Addr, about, "edward", "wrong", plainCaps))
}

func TestTranscriptsOfTiDBAreRecordedWhenAsked(t *testing.T) {
	if !*update {
		t.Skip("nothing is recorded without -update")
	}
	s := servers.TiDB(t, 1).Ends[0]
	s.Create(t, servers.Account{Name: "recorder", Password: "secret", Grant: "ALL ON *.*"})
	s.Create(t, servers.Account{Name: "natalie", Password: "secret"})
	about := "Recorded from " + s.Value(t, "SELECT VERSION()") + " by go test ./core/wire -run Recorded -update"
	for name, caps := range map[string]wire.Caps{"tidb_classic": plainCaps, "tidb_deprecate_eof": plainCaps | wire.DeprecateEOF} {
		r := record(t, s.Addr, about, "recorder", "secret", caps)
		for _, dialogue := range []func(*recorder){queries, results, prepared, commands} {
			dialogue(r)
		}
		r.changeUser("change user", "natalie", "secret")
		save(t, name, r)
		r = record(t, s.Addr, about, "recorder", "secret", caps)
		lengths(r)
		save(t, name+"_large", r)
	}
}

func save(t *testing.T, name string, r *recorder) {
	t.Helper()
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", name+".txt"), []byte(r.said.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTranscriptsOfRealServersAreFollowedToTheirEnds(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d transcripts, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if strings.Contains(path, "large") && wire.UnderRace() {
				t.Skip("too slow with the race detector, and on one goroutine")
			}
			said := readTranscript(t, path)
			for _, e := range said.exchanges {
				switch code := e.lines[0].payload()[0]; {
				case e.name == "login":
					checkLogin(t, e, said.caps)
				case code == 0x11:
					checkUserChange(t, e, said.caps)
				case !wire.HasResponse(code):
					if len(e.from('<')) > 0 {
						t.Errorf("%s: the server did answer", e.name)
					}
				default:
					checkAnswer(t, e, said.caps)
				}
			}
		})
	}
}

// checkAnswer cuts an answer in every way and compares the end that is found with the
// recorded one.
func checkAnswer(t *testing.T, e exchange, caps wire.Caps) {
	t.Helper()
	answer := e.from('<')
	large := len(answer) > 4<<20
	whole := followed(t, e, caps, slices.Collect(slices.Chunk(answer, 61<<10)))
	if whole.Malformed || e.rows >= 0 && whole.Rows != uint64(e.rows) {
		t.Errorf("%s: %d rows instead of %d, error %v", e.name, whole.Rows, e.rows, whole.Err)
	}
	last := e.lines[len(e.lines)-1].payload()
	if failed := last[0] == wire.HeaderErr; failed != (whole.Err != nil) || failed && whole.Err.Code != uint16(last[1])|uint16(last[2])<<8 {
		t.Errorf("%s: ended with %.20q, which was taken as %v", e.name, last, whole.Err)
	}
	if large {
		return
	}
	followed(t, e, caps, [][]byte{answer})
	followed(t, e, caps, slices.Collect(slices.Chunk(answer, 1)))
	for i := 1; i < len(answer); i += 1 + len(answer)/500 {
		followed(t, e, caps, [][]byte{answer[:i], answer[i:]})
	}
}

// followed feeds an answer in pieces and checks that it is over at its last byte and the
// client's files are due where it sent them.
func followed(t *testing.T, e exchange, caps wire.Caps, pieces [][]byte) wire.Response {
	t.Helper()
	r := wire.Response{Track: func(wire.Change) {}}
	r.Begin(e.lines[0].payload()[0], caps)
	total, consumed, due := 0, 0, filesDue(e)
	var hand []byte
	for i, p := range pieces {
		hand, total = append(hand, p...), total+len(p)
		for {
			n, ev := r.Feed(hand)
			hand, consumed = hand[n:], consumed+n
			if ev == wire.Infile {
				if len(due) == 0 || due[0] != consumed {
					t.Fatalf("%s: a file is due at %d, not at %v", e.name, consumed, due)
				}
				due = due[1:]
				r.Resume()
				continue
			}
			if last := i == len(pieces)-1; (ev == wire.Done) != last || last && consumed != total {
				t.Fatalf("%s, %d pieces: event %d after %d of %d bytes in piece %d", e.name, len(pieces), ev, consumed, total, i)
			}
			break
		}
	}
	if len(due) > 0 {
		t.Errorf("%s: files are due at %v", e.name, due)
	}
	if n, ev := r.Feed([]byte("\x01\x00\x00\x01\x01")); n != 0 || ev != wire.Done {
		t.Errorf("%s: %d bytes behind the end were taken", e.name, n)
	}
	return r
}

// filesDue says after how many bytes of the answer the client sent files, and checks that
// their ends are found.
func filesDue(e exchange) (due []int) {
	n, sent := 0, []byte(nil)
	for i, l := range e.lines {
		switch {
		case l.from == '<':
			n += len(l.frame)
		case i > 0 && e.lines[i-1].from == '<':
			due, sent = append(due, n), nil
		}
		if l.from != '>' || len(due) == 0 {
			continue
		}
		sent = append(sent, l.frame...)
		if i+1 == len(e.lines) || e.lines[i+1].from == '<' {
			var u wire.Upload
			if n := u.Feed(append(sent, 0, 0, 0, 0)); n != len(sent) || !u.Ended() {
				panic(e.name + ": the file's end was not found")
			}
		}
	}
	return due
}

// checkLogin decodes the packets of a login and encodes them again.
func checkLogin(t *testing.T, e exchange, caps wire.Caps) {
	t.Helper()
	greeting, login := e.lines[0].payload(), e.lines[1].payload()
	g, err := wire.ParseGreeting(greeting)
	if err != nil || !bytes.Equal(g.Append(nil), greeting) || len(g.Scramble) != wire.ScrambleLen || !g.Caps.Has(caps&^wire.LongPassword) {
		t.Errorf("greeting %q: %+v, %v", greeting, g, err)
	}
	l, tls, err := wire.ParseLogin(login)
	if err != nil || tls || !bytes.Equal(l.Append(nil), login) || l.Caps != caps {
		t.Errorf("login %q: %+v, %v", login, l, err)
	}
	checkAuth(t, e, caps)
}

func checkUserChange(t *testing.T, e exchange, caps wire.Caps) {
	t.Helper()
	p := e.lines[0].payload()
	u, err := wire.ParseUserChange(p, caps)
	if err != nil || !bytes.Equal(u.Append(nil, caps), p) {
		t.Errorf("%s: %q: %+v, %v", e.name, p, u, err)
	}
	checkAuth(t, e, caps)
}

// checkAuth looks at what the server says in an authentication.
func checkAuth(t *testing.T, e exchange, caps wire.Caps) {
	t.Helper()
	for i, l := range e.lines {
		p := l.payload()
		if l.from == '>' || i == 0 {
			continue
		}
		switch p[0] {
		case wire.HeaderEOF:
			s, err := wire.ParseSwitch(p)
			if err != nil || !bytes.Equal(s.Append(nil), p) || s.Plugin == wire.Ed25519 && len(s.Data) != 32 {
				t.Errorf("%s: switch %q: %+v, %v", e.name, p, s, err)
			}
		case wire.HeaderOK:
			if _, err := wire.ParseOK(p, caps); err != nil || i != len(e.lines)-1 {
				t.Errorf("%s: OK %q: %v", e.name, p, err)
			}
		case wire.HeaderErr:
			if got, err := wire.ParseErr(p); err != nil || got.Code != 1045 || got.State != "28000" {
				t.Errorf("%s: %v, %v", e.name, got, err)
			}
		}
	}
}
