package proxy

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// ledger is a fake server with prepared statements, which writes down what it is asked.
type ledger struct {
	mu     sync.Mutex
	said   []string
	last   uint32
	errors map[string]*wire.Err // by what it is asked, once each
}

func (l *ledger) serve(p *peer) {
	p.commands(func(b []byte) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		code := core.Code(b[0])
		text := code.String()
		switch code {
		case core.Prepare:
			text += " " + string(b[1:])
		case core.Execute, core.Fetch, core.CloseStatement, core.ResetStatement:
			text += fmt.Sprint(" ", le32(b[1:]))
		}
		l.said = append(l.said, text)
		if e := l.errors[text]; e != nil {
			delete(l.errors, text)
			return p.WritePacket(wire.AppendErr(nil, e, meshCaps))
		}
		switch code {
		case core.Prepare:
			l.last += 10
			return p.WritePacket(append(binary.LittleEndian.AppendUint32([]byte{0}, l.last), 0, 0, 0, 0, 0, 0, 0))
		case core.CloseStatement:
			return nil
		case core.Execute:
			if b[5] != 0 {
				_ = p.WritePacket([]byte{1})
				_ = p.WritePacket([]byte("\x03def\x00\x00\x00\x01a\x00\x0c\x21\x00\x01\x00\x00\x00\xfd\x00\x00\x1f\x00\x00"))
				return p.WritePacket(wire.AppendOK(nil, wire.OK{Header: wire.HeaderEOF, Status: 2 | wire.StatusCursor}, meshCaps))
			}
		}
		return p.ok()
	})
}

// take is what the server was asked since the last call.
func (l *ledger) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.said = nil }()
	return strings.Join(l.said, ", ")
}

func (l *ledger) fails(at string, e wire.Err) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errors = map[string]*wire.Err{at: &e}
}

// statement is a command about a statement.
func (p *peer) statement(code core.Code, id uint32, more ...byte) ([]byte, error) {
	return p.command(append(binary.LittleEndian.AppendUint32([]byte{byte(code)}, id), more...)...)
}

func (p *peer) execute(id uint32) ([]byte, error) {
	return p.statement(core.Execute, id, 0, 1, 0, 0, 0)
}

func shared(t *testing.T) (*mesh, *ledger) {
	l := &ledger{}
	m := &mesh{t: t, serve: l.serve, pooling: core.PoolingSettings{Mode: "transaction", Max: 1, MaxLogins: 1, QueueTimeout: 10 * time.Second, MaxStatements: 4}}
	m.start()
	return m, l
}

// prepared is a client with a statement, which it knows as 1 and the server as 10.
func (m *mesh) prepared(t *testing.T, l *ledger) *peer {
	t.Helper()
	c := m.client()
	if b, err := c.command(append([]byte{byte(core.Prepare)}, "SELECT 1"...)...); err != nil || le32(b[1:]) != 1 {
		t.Fatalf("%x, %v", b, err)
	}
	if got := l.take(); got != "prepare SELECT 1" {
		t.Fatal(got)
	}
	return c
}

func TestALostStatementIsPreparedAgainOnce(t *testing.T) {
	for name, e := range map[string]wire.Err{
		"unknown":         {Code: 1243, State: "HY000", Message: "Unknown prepared statement handler (10) given to mysqld_stmt_execute"},
		"unknown to TiDB": {Code: 1105, State: "HY000", Message: "ERROR 1243 (HY000): Unknown prepared statement handler 10 given to stmt_execute"},
		"changed":         {Code: 1615, State: "HY000", Message: "Prepared statement needs to be re-prepared"},
	} {
		t.Run(name, func(t *testing.T) {
			m, l := shared(t)
			c := m.prepared(t, l)
			l.fails("execute 10", e)
			if b, err := c.execute(1); err != nil || b[0] != wire.HeaderOK {
				t.Fatalf("%q, %v", b, err)
			}
			want := "execute 10, prepare SELECT 1, execute 20"
			if name == "changed" {
				want = "execute 10, close_statement 10, prepare SELECT 1, execute 20"
			}
			if got := l.take(); got != want {
				t.Errorf("the server got %q, want %q", got, want)
			}
			// Another error, and one of a statement prepared again just now, are the client's.
			l.fails("execute 20", wire.Err{Code: 1213, State: "40001", Message: "deadlock"})
			if b, err := c.execute(1); err != nil || b[0] != wire.HeaderErr {
				t.Errorf("%q, %v", b, err)
			}
			l.fails("execute 20", e)
			l.mu.Lock()
			l.errors["execute 30"] = &e
			l.mu.Unlock()
			if b, err := c.execute(1); err != nil || b[0] != wire.HeaderErr {
				t.Errorf("%q, %v", b, err)
			}
			if b, err := c.execute(1); err != nil || b[0] != wire.HeaderOK {
				t.Errorf("%q, %v", b, err)
			}
			m.until("no command is counted as running", func() bool { return m.fake().Running() == 0 })
		})
	}
}

// Where the server names a statement, it names one that the client doesn't know.
func TestAFetchWithoutACursorNamesTheClientsStatement(t *testing.T) {
	m, l := shared(t)
	c := m.prepared(t, l)
	l.fails("fetch 10", wire.Err{Code: 1421, State: "HY000", Message: "The statement (10) has no open cursor"})
	if _, err := c.statement(core.Execute, 1, 1, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	_, _ = c.ReadPacket()
	_, _ = c.ReadPacket()
	other := m.client() // gets the connection when the cursor is known to be closed
	b, err := c.statement(core.Fetch, 1, 1, 0, 0, 0)
	if e, _ := wire.ParseErr(b); err != nil || e.Code != 1421 || e.Message != "The statement (1) has no open cursor" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := other.query("SELECT 2"); err != nil || b[0] != wire.HeaderOK {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := c.execute(1); err != nil || b[0] != wire.HeaderOK {
		t.Errorf("%q, %v", b, err)
	}
	if got := l.take(); got != "execute 10, fetch 10, query, execute 10" {
		t.Errorf("the server got %q", got)
	}
}

func TestAClosedStatementIsClosedNowhereUntilThereAreTooMany(t *testing.T) {
	m, l := shared(t)
	c := m.prepared(t, l)
	send := func(code core.Code, id uint32) {
		c.Seq = 0
		if err := c.WritePacket(binary.LittleEndian.AppendUint32([]byte{byte(code)}, id)); err != nil {
			t.Fatal(err)
		}
	}
	send(core.CloseStatement, 1)
	send(core.CloseStatement, 1)
	send(core.SendLongData, 1)
	for i := range 5 {
		text := fmt.Sprintf("SELECT %d", i+1)
		if _, err := c.command(append([]byte{byte(core.Prepare)}, text...)...); err != nil {
			t.Fatal(err)
		}
		send(core.CloseStatement, uint32(i+2))
	}
	if b, err := c.query("SELECT 0"); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%q, %v", b, err)
	}
	want := "prepare SELECT 1, close_statement 10, prepare SELECT 2, prepare SELECT 3, prepare SELECT 4, prepare SELECT 5, close_statement 20, query"
	if got := l.take(); got != want {
		t.Errorf("the server got  %q\nwant %q", got, want)
	}
	if n := m.srv.texts.Len(); n != 0 {
		t.Errorf("%d texts are held for nobody", n)
	}
}

func TestNoTextIsHeldForASessionThatHasEnded(t *testing.T) {
	for name, end := range map[string]func(m *mesh, l *ledger, c *peer){
		"by itself": func(_ *mesh, _ *ledger, c *peer) { _ = c.raw.Close() },
		"with a cursor": func(_ *mesh, _ *ledger, c *peer) {
			_, _ = c.statement(core.Execute, 1, 1, 1, 0, 0, 0)
			_ = c.raw.Close()
		},
		"during a prepare": func(m *mesh, l *ledger, c *peer) {
			l.mu.Lock()
			defer l.mu.Unlock()
			c.Seq = 0
			_ = c.WritePacket(append([]byte{byte(core.Prepare)}, "SELECT 2"...))
			m.until("its text is held", func() bool { return m.srv.texts.Len() == 2 })
			_ = c.raw.Close()
			m.until("the session has ended", func() bool { return m.srv.Sessions() == 0 })
		},
		"by a reset": func(_ *mesh, _ *ledger, c *peer) { _, _ = c.command(byte(core.ResetConnection)) },
	} {
		t.Run(name, func(t *testing.T) {
			m, l := shared(t)
			end(m, l, m.prepared(t, l))
			m.until("no text is held", func() bool { return m.srv.texts.Len() == 0 })
		})
	}
}
