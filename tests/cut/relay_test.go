package cut

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/replay"
)

// relay forwards connections and cuts those whose login says so, in the command phase. It
// reads no packet behind the login: a cut is a count of bytes.
type relay struct {
	addr     string
	target   string
	server   bool // the target's stream is cut, else the client's
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex
	plans map[string]*planned
	conns map[net.Conn]bool
}

// planned is what is to happen to one connection.
type planned struct {
	cut   replay.Cut
	ended chan struct{} // closed when both of the relay's connections are
}

func newRelay(t *testing.T, target string, server bool) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: l.Addr().String(), target: target, server: server, listener: l, plans: map[string]*planned{}, conns: map[net.Conn]bool{}}
	r.running.Go(r.accept)
	t.Cleanup(func() {
		_ = l.Close()
		r.mu.Lock()
		for c := range r.conns {
			_ = c.Close()
		}
		r.mu.Unlock()
		r.running.Wait()
	})
	return r
}

// expect plans the connection whose login has the key.
func (r *relay) expect(key string, cut replay.Cut) *planned {
	p := &planned{cut: cut, ended: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plans[key] = p
	return p
}

func (r *relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.serve(client) })
	}
}

func (r *relay) hold(c net.Conn, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if delete(r.conns, c); on {
		r.conns[c] = true
	}
}

func (r *relay) serve(client net.Conn) {
	defer client.Close()
	r.hold(client, true)
	defer r.hold(client, false)
	target, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer target.Close()
	r.hold(target, true)
	defer r.hold(target, false)
	plan := r.login(client, target)
	if plan == nil {
		return
	}
	defer close(plan.ended)
	var both sync.WaitGroup
	forward := func(to, from net.Conn, cut replay.Cut) {
		defer to.Close()
		defer from.Close()
		replay.Forward(to, from, cut)
	}
	theirs, mine := plan.cut, replay.Cut{}
	if !r.server {
		theirs, mine = mine, theirs
	}
	both.Go(func() { forward(client, target, theirs) })
	both.Go(func() { forward(target, client, mine) })
	both.Wait()
}

// login forwards the connection phase. Nil if the login failed; one without a plan goes on
// as it is.
func (r *relay) login(client, target net.Conn) *planned {
	deadline := time.Now().Add(playWait)
	_ = client.SetReadDeadline(deadline)
	_ = target.SetReadDeadline(deadline)
	plan := &planned{ended: make(chan struct{})}
	if _, err := packet(client, target); err != nil {
		return nil
	}
	for first := true; ; first = false {
		p, err := packet(target, client)
		if err != nil {
			return nil
		}
		if first {
			r.find(p, &plan)
		}
		answer, err := packet(client, target)
		if err != nil || len(answer) == 0 || answer[0] == wire.HeaderErr {
			return nil
		}
		if answer[0] == wire.HeaderOK {
			_ = client.SetReadDeadline(time.Time{})
			_ = target.SetReadDeadline(time.Time{})
			return plan
		}
	}
}

func (r *relay) find(payload []byte, plan **planned) {
	l, _, err := wire.ParseLogin(payload)
	if err != nil {
		return
	}
	_ = wire.EachAttr(l.Attrs, func(name, value string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if p := r.plans[value]; name == replay.KeyAttr && p != nil {
			*plan = p
			delete(r.plans, value)
		}
	})
}

// packet forwards one packet.
func packet(to, from net.Conn) ([]byte, error) {
	var h [wire.HeaderLen]byte
	if _, err := io.ReadFull(from, h[:]); err != nil {
		return nil, err
	}
	b := make([]byte, wire.HeaderLen+wire.PayloadLen(h[:]))
	copy(b, h[:])
	if _, err := io.ReadFull(from, b[wire.HeaderLen:]); err != nil {
		return nil, err
	}
	_, err := to.Write(b)
	return b[wire.HeaderLen:], err
}
