package proxy

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/lease"
	"github.com/dbmesh/dbmesh/core/proxy/poll"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

// link is a connection to one backend: a session's own, or one that sessions borrow.
type link struct {
	lease.Member
	sock   socket
	src    *backend.Source
	caps   wire.Caps // as agreed with the backend
	id     uint32    // the backend's id of this connection
	schema string    // as far as known, for a session that changes pools
	report CommandReporter
	names  string // the SET NAMES in force there

	// What follows is of a connection that sessions share. It belongs to the loop.
	lending  *lending             // nil for one that is a session's own for life
	at       atomic.Pointer[loop] // its loop: others ask for it while it goes from one to another
	owner    *session             // who has it, nil while nobody does
	worn     state.Worn
	lastID   uint64 // names what LAST_INSERT_ID() gives there, see past.idName; 0 after a login
	handles  state.Handles
	bare     bool           // the pool's variables are not set there
	status   uint16         // status flags after its last login
	greeting *wire.Greeting // of its login
	reset    bool           // by its client, since it was lent
	tainted  string         // why it must not be given back
	killed   atomic.Bool    // a KILL was sent for it, which may strike late
	pinged   bool           // a ping is under way
	pong     []byte         // its answer, as far as it has come
	leaving  func()         // what to do when the server has closed it
	open     bool           // the server has still to undo what was open there
	account  *core.Account  // whose login it has

	restingSince time.Duration // when it was given back last
	ties         ties          // of its borrower
}

func (k *link) loop() *loop { return k.at.Load() }

// fresh says that a connection out of the lending can be used.
func (k *link) fresh(srv *Server) bool {
	if defect.Is(defect.ReusedAfterAbort) {
		return !k.sock.hup
	}
	return !k.sock.hup && !k.sock.readable && k.tainted == "" && !k.killed.Load() && srv.backends.Source(k.src.Backend) == k.src
}

// quiet proves that nothing is left to be read from the connection.
func (k *link) quiet() bool {
	if !k.sock.readable {
		return true
	}
	var b [1]byte
	n, err := k.sock.read(b[:])
	return n == 0 && err == errAgain
}

// doubted is how long a connection may have been idle to be taken without a look at it.
const doubted = time.Second

// alive looks at the socket itself where that may know more than its events have told: the
// news that the server has closed it may come behind those of the client that wants it.
func (k *link) alive(now time.Duration) bool {
	if now-k.restingSince < doubted {
		return true
	}
	k.sock.readable = true
	return k.quiet()
}

// shut closes the socket. On the connection's loop.
func (k *link) shut() {
	if k.sock.fd < 0 {
		return
	}
	k.loop().forget(&k.sock)
	k.sock.unpack()
	_ = unix.Close(k.sock.fd)
	k.sock.fd = -1
	k.handles.Clear()
	k.src.Backend.AddSession(-1)
}

// Reclaim asks the session that has the connection only for questions about its last
// statement to give it back.
func (k *link) Reclaim() {
	l := k.loop()
	l.post(func() {
		if k.loop() != l { // it went to another one meanwhile
			k.Reclaim()
			return
		}
		if s := k.owner; s != nil {
			s.guard(func() { s.yieldLink(k) })
		}
	})
}

// ready hears of an idle connection: the answer to a ping, or its end.
func (k *link) ready(_ *socket, e poll.Event) {
	k.sock.readable = k.sock.readable || e.Readable
	k.sock.writable = k.sock.writable || e.Writable
	k.sock.hup = k.sock.hup || e.Hangup
	switch {
	case k.leaving != nil:
		k.left()
	case k.pinged && k.answered():
	case k.pinged && k.tainted == "" && !k.sock.hup:
	case k.pinged:
		k.loop().pinged(k)
		k.shut()
		k.lending.Drop(k)
	case (k.sock.readable || k.sock.hup) && !defect.Is(defect.ReusedAfterAbort) && !k.quiet() && k.lending.Forget(k):
		k.shut()
	}
}

// leaveTimeout bounds the wait for a server to close a connection that was taken leave of.
const leaveTimeout = 5 * time.Second

// uncounted is how long a server may take to count a connection no more whose socket it has
// closed: it does the one a moment before the other.
const uncounted = 10 * time.Millisecond

// leave ends a connection that is in step, and frees its place when the server has closed it:
// until then the server counts it. What is open there is undone first, by a command, for the
// server would close the socket before it undoes that. On the connection's loop.
func (k *link) leave(then func()) {
	k.leaving = func() { k.lending.Drop(k) }
	if then != nil {
		k.leaving = then
	}
	k.loop().hand(&k.sock, k)
	var out []byte
	patience := leaveTimeout
	if k.pong = k.pong[:0]; k.open {
		out, _ = wire.AppendFrame(out, []byte{byte(core.ResetConnection)}, 0)
		patience = endTimeout
	}
	out, _ = wire.AppendFrame(out, []byte{byte(core.Quit)}, 0)
	_, err := k.sock.write(out)
	if err == nil {
		err = k.sock.flush()
	}
	if err != nil || unix.Shutdown(k.sock.fd, unix.SHUT_WR) != nil {
		k.gone()
		return
	}
	k.loop().chores.leaving[k] = k.loop().clock() + patience
	k.left()
}

// left looks whether the server has closed the connection.
func (k *link) left() {
	var b [512]byte
	for {
		read := k.sock.readRaw
		if k.open {
			read = k.sock.read // inside TLS and compression, for the answer
		}
		n, err := read(b[:])
		if n == 0 && err == errAgain {
			return
		}
		if n == 0 && err != nil {
			k.gone()
			return
		}
		if k.pong = append(k.pong, b[:n]...); len(k.pong) > wire.HeaderLen {
			k.open = k.open && k.pong[wire.HeaderLen] != wire.HeaderOK
			k.pong = k.pong[:wire.HeaderLen+1]
		}
	}
}

// gone closes a connection that leaves.
func (k *link) gone() {
	delete(k.loop().chores.leaving, k)
	k.shut()
	if then := k.leaving; then != nil {
		k.leaving = nil
		loop := k.loop()
		if k.open { // the answer did not come: the server has ended it itself
			loop.chores.srv.outlive(k, false, func() { loop.post(then) })
			return
		}
		time.AfterFunc(uncounted, func() { loop.post(then) })
	}
}

// ping asks the server for a sign of life.
func (k *link) ping() {
	k.pinged, k.pong = true, k.pong[:0]
	frame, _ := wire.AppendFrame(nil, []byte{byte(core.Ping)}, 0)
	if _, err := k.sock.write(frame); err != nil || k.sock.flush() != nil {
		k.tainted = "it does not take a ping"
	}
}

// answered reads the answer to a ping and gives the connection back, if it is whole.
func (k *link) answered() bool {
	var b [64]byte
	for {
		n, err := k.sock.read(b[:])
		if n == 0 && err != nil {
			if err != errAgain {
				k.tainted = "it broke"
			}
			break
		}
		if k.pong = append(k.pong, b[:n]...); len(k.pong) > cap(b[:]) {
			k.tainted = "it says more than was asked"
			return false
		}
	}
	p := k.pong
	if len(p) < wire.HeaderLen+1 || len(p) < wire.HeaderLen+wire.PayloadLen(p) {
		return false
	}
	if len(p) > wire.HeaderLen+wire.PayloadLen(p) || p[wire.HeaderLen] != wire.HeaderOK {
		k.tainted = "it answers a ping with something else"
		return false
	}
	k.pinged, k.restingSince = false, k.loop().clock()
	k.loop().pinged(k)
	if !k.lending.Put(k, k.loop().clock()) {
		k.leave(nil)
	}
	return true
}
