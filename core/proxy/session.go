package proxy

import (
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/proxy/poll"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

// want is what a session waits for: the answer of one step.
type want uint8

const (
	wantNothing want = iota // go on at once
	wantClient              // bytes from the client
	wantClientRoom
	wantBackend // bytes from the backend
	wantBackendRoom
	wantNews // anything: a flow or a queue decides
	wantTurn // the other sessions' turn first
	wantJob  // a goroutine's end
	wantEnd  // nothing any more
)

// mode is what a session is doing.
type mode uint8

const (
	inFlow     mode = iota // a login, a dial, a slow filter
	atCommand              // waiting for a command
	queueing               // waiting for a connection to the backend
	sending                // the part of a command that was in hand
	streaming              // the rest of a long command, straight through
	dropping               // the rest of a long command that was denied
	responding             // bytes from the backend to the client
	uploading              // the client's file for LOAD DATA LOCAL
	replying               // dbmesh's own answer
	ended
)

// session is one client and its backend connections.
type session struct {
	core.Session
	sharing
	statements
	srv  *Server
	loop *loop
	lis  *Listener
	log  *slog.Logger

	client  socket
	link    *link   // where commands go now
	links   []*link // all, one per pool
	pending *link   // being dialled
	caps    wire.Caps
	hop     *wire.Login // what a later backend login says of the client, list mode only

	mode     mode
	want     want
	flow     *flow
	then     func(error) want
	deadline time.Duration // on the loop's clock, 0 for none
	dying    string        // why the session ends as soon as its goroutine is back
	farewell bool          // the session ends behind the reply at hand

	in, out    buffer // from the client; to the client or, of a long command, to the backend
	streak     int    // full reads in a row
	turn       int    // bytes relayed since the session was stepped
	queued     bool   // it is to be stepped on behind others
	late       bool   // a whole reply in out is delivered before the loop waits again
	due        bool   // followed bytes of out must be written before anything else
	packet     []byte // the rewritten command, while it is being sent
	prefix     int    // what stands before the text of the command at hand
	sent       int    // bytes of the command at hand that the backend has got
	frames     wire.Frames
	file       wire.Upload // of a LOAD DATA LOCAL
	fileBegun  bool
	tail       []byte // what the client sent behind the file
	cmd        core.Command
	params     *params // of the execute at hand, once somebody has asked
	held       int     // bytes of the command at hand in in
	chain      *core.Chain
	resp       wire.Response
	editing    bool  // links look at the response at hand, or change it
	edit       *edit // made when they first did
	outcome    core.Outcome
	began      time.Duration // when the command at hand was first looked at
	sentAt     time.Duration // when the command began to be sent; 0 if it was not
	counted    bool          // the backend counts the command at hand as running
	stalled    time.Duration // since when the client is too slow; 0 if it is not
	state      state.Session
	causal     causal
	unfit      []string    // pools whose servers begin a session with other settings
	inserted   string      // the pool where the last statement ran that gave an id, "" for none
	lastDenied bool        // the backend has not seen the last prepare
	cmdReply   *core.Reply // dbmesh's own answer, while the command is still coming in
	collation  byte        // of the client's login
	loginOver  bool
}

// ready notes an event and steps on if it may be what the session waits for.
func (s *session) ready(k *socket, e poll.Event) {
	if s.flow != nil && s.flow.busy {
		k.hupMissed = k.hupMissed || e.Hangup
		s.flow.nudge()
		return
	}
	if e.Readable {
		k.readable = true
	}
	if e.Writable {
		k.writable = true
		_ = k.flush() // a session that only reads from k would not; it meets the error there
	}
	if e.Hangup {
		k.hup = true
	}
	s.guard(s.step)
}

// wake makes the session look at its sockets anew.
func (s *session) wake() {
	s.client.wake()
	for _, l := range s.links {
		l.sock.wake()
	}
	if p := s.pending; p != nil {
		p.sock.wake()
	}
}

// step goes as far as the bytes in hand and the sockets' readiness allow.
func (s *session) step() {
	s.turn = 0
	s.sendLate()
	for s.mode != ended {
		if s.flow == nil && s.lost() {
			return
		}
		s.want = s.advance()
		if s.want == wantEnd {
			s.close("")
			return
		}
		if !s.may(s.want) {
			return
		}
	}
}

// turnBytes is how much a session relays before others get their turn: two fast peers
// would keep it busy for as long as their result or file lasts.
const turnBytes = 2 * largeBuffer

// yield has the session step on behind the others, if its turn is over.
func (s *session) yield() bool {
	if s.turn < turnBytes {
		return false
	}
	if !s.queued {
		s.queued = true
		s.loop.post(s.takeTurn)
	}
	return true
}

func (s *session) takeTurn() {
	s.queued = false
	if s.flow == nil || !s.flow.busy {
		s.guard(s.step)
	}
}

// advance does the next bit of work.
func (s *session) advance() want {
	switch s.mode {
	case inFlow:
		return s.resume()
	case atCommand:
		return s.receive()
	case queueing:
		return s.dequeue()
	case sending:
		return s.send()
	case streaming:
		return s.stream()
	case dropping:
		return s.drop()
	case responding:
		if s.editing {
			return s.respondEdited()
		}
		return s.respond()
	case uploading:
		return s.upload()
	case replying:
		return s.reply()
	}
	return wantEnd
}

// may says whether what is waited for is there already.
func (s *session) may(w want) bool {
	switch w {
	case wantNothing:
		return true
	case wantClient:
		return s.client.readable
	case wantClientRoom:
		return s.client.writable
	case wantBackend:
		return s.link.sock.readable
	case wantBackendRoom:
		return s.link.sock.writable
	}
	return false
}

// lost handles news that a session may get while it waits for something else: a client
// that went away while its statement runs, and an idle backend that said something.
func (s *session) lost() bool {
	switch s.mode {
	case responding:
		if s.client.hup {
			s.abandon()
			return true
		}
	case queueing:
		if s.client.hup {
			s.close("client gone")
			return true
		}
	case atCommand:
		if s.link != nil && !s.due && s.link.sock.readable && s.in.len() == 0 && !s.idleNews() {
			return true
		}
	}
	return false
}

// idleNews passes on what the backend says unasked: its end, and before that perhaps a
// reason. It returns false when the session has ended by it.
func (s *session) idleNews() bool {
	s.out.need(smallBuffer)
	n, err := s.link.sock.read(s.out.free())
	switch {
	case err != errAgain && s.shares && s.stuck() == "":
		s.out.release()
		s.forsake(s.release())
		return true
	case err != errAgain && s.strayed():
		s.out.release()
		s.unlink(s.link)
		return true
	case n > 0:
		_, _ = s.client.write(s.out.chunk.b[:n])
		s.log.Info("backend spoke while idle, session ends", "bytes", n)
		s.out.release()
		s.close("backend closed")
		return false
	case err == errAgain:
		s.out.release()
		return true
	}
	s.out.release()
	s.close("backend closed")
	return false
}

// abandon ends a session whose client went away while a command ran. With an account of
// its own dbmesh cancels the statement; else closing the connection must do.
func (s *session) abandon() {
	if !s.shares { // else its place waits for the end of that, see cut
		s.srv.cancel(s.link.src, s.link.id, s.Account)
	}
	s.close("client gone")
}

// expire ends what the session is doing at its deadline. A flow or a queue is told, so that it
// can tell the client.
func (s *session) expire() {
	s.timeout(0)
	f := s.flow
	switch {
	case s.seat != nil:
		s.seat.late = true
		s.step()
	case f == nil:
		s.close("time is up")
	case f.busy:
		f.expired.Store(true)
		f.nudge()
	default:
		f.expired.Store(true)
		s.step()
	}
}

// close ends the session: sockets, chain, registry. If a goroutine is at work for it, that
// one is told to stop and the rest follows when it has. why is for the log, "" for a
// session that ended by itself.
func (s *session) close(why string) {
	if s.mode == ended {
		return
	}
	if s.flow != nil && s.flow.busy {
		if s.dying == "" {
			s.dying = why + " "
			close(s.flow.gone)
		}
		return
	}
	if f := s.flow; f != nil {
		s.flow = nil
		f.stop()
	}
	if x := s.seat; x != nil {
		s.seat = nil
		s.leave(x)
	}
	s.sendLate()
	whole := s.mode == atCommand && s.chain == nil
	s.breakCommand()
	s.mode = ended
	s.timeout(0)
	s.out.release()
	s.shut(&s.client)
	s.dropStatements()
	if s.shares && s.link != nil {
		switch {
		case (whole || defect.Is(defect.ReusedAfterAbort)) && s.stuck() == "":
			s.giveBack()
		case whole && s.link.tainted == "":
			k := s.release()
			k.open = true
			k.leave(nil)
		default:
			s.release().cut()
		}
	}
	for _, l := range s.links {
		s.shut(&l.sock)
		l.src.Backend.AddSession(-1)
	}
	s.links, s.link = nil, nil
	s.part()
	s.srv.ended(s, why)
}

func (s *session) shut(k *socket) {
	if k.fd < 0 {
		return
	}
	s.loop.forget(k)
	k.unpack()
	_ = unix.Close(k.fd)
	k.fd = -1
}

// timeout sets the session's deadline from now; 0 takes it away.
func (s *session) timeout(d time.Duration) {
	if s.deadline != 0 {
		s.loop.timed--
	}
	s.deadline = 0
	if d > 0 {
		s.deadline = s.loop.clock() + d
		s.loop.timed++
	}
}
