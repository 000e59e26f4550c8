package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// firstID is where dbmesh's connection ids begin: far above a server's, so that an id
// that a client took from the server's process list is not mistaken for one.
const firstID = 1 << 31

// registry knows the live sessions by the id that their client saw, for KILL, and counts
// them by user. Safe for concurrent use.
type registry struct {
	mu    sync.Mutex
	next  uint32
	byID  map[uint32]*entry
	users map[string]int
}

type entry struct {
	session *session
	user    string // counted under this name; "" before login
	src     *backend.Source
	id      uint32 // the backend's id of the session's connection
	link    *link
}

func newRegistry() *registry {
	return &registry{next: firstID, byID: map[uint32]*entry{}, users: map[string]int{}}
}

// add gives a new session its id.
func (r *registry) add(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if r.next++; r.next < firstID {
			r.next = firstID
		}
		if _, taken := r.byID[r.next]; !taken {
			break
		}
	}
	s.ID = r.next
	r.byID[s.ID] = &entry{session: s}
}

// enter counts the session under its user, unless the user has as many as it may.
func (r *registry) enter(s *session, limit int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if limit > 0 && r.users[s.User] >= limit {
		return false
	}
	r.users[s.User]++
	r.byID[s.ID].user = s.User
	return true
}

// leave undoes enter.
func (r *registry) leave(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leaveLocked(r.byID[s.ID])
}

func (r *registry) leaveLocked(e *entry) {
	if e == nil || e.user == "" {
		return
	}
	if r.users[e.user]--; r.users[e.user] == 0 {
		delete(r.users, e.user)
	}
	e.user = ""
}

// unbind notes that the session has no connection now.
func (r *registry) unbind(id uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.byID[id]; e != nil {
		e.src, e.id, e.link = nil, 0, nil
	}
}

// bind notes where the session's commands go.
func (r *registry) bind(id uint32, k *link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.byID[id]; e != nil {
		e.src, e.id, e.link = k.src, k.id, k
	}
}

func (r *registry) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leaveLocked(r.byID[s.ID])
	delete(r.byID, s.ID)
}

// find gives the backend connection of the session with the id, and whose session it is.
func (r *registry) find(id uint32) (src *backend.Source, theirs uint32, user string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.byID[id]
	if !ok || e.src == nil {
		return nil, 0, "", false
	}
	return e.src, e.id, e.user, true
}

// kill maps the id of a KILL from dbmesh's to the backend's. done is false for a command
// that is no KILL of a session here, which goes its usual way.
func (s *session) kill() (w want, done bool) {
	id, query, at, ok := s.killed()
	if !ok {
		return wantNothing, false
	}
	if t, ok := s.srv.registry.aim(id); ok && t.session.sharesNow.Load() {
		return s.shareKill(id, query, t)
	}
	src, theirs, owner, ok := s.srv.registry.find(id)
	if !ok {
		return wantNothing, false
	}
	if s.link == nil { // it shares connections, and has none now
		return s.killFrom(target{src: src, id: theirs, user: owner}, id, query)
	}
	if src.Backend.Address == s.link.src.Backend.Address {
		s.renumber(at, theirs)
		return s.dispatch(), true
	}
	// On its own backend the server judges; the control account may kill anybody's.
	if owner != s.User {
		s.outcome.Side = core.Client
		return s.answer(&core.Reply{Err: &core.Error{Code: 1095, State: "HY000", Message: fmt.Sprintf(
			"You are not owner of thread %d", id)}}), true
	}
	if !src.HasControl() {
		s.outcome.Side = core.Proxy
		return s.answer(&core.Reply{Err: &core.Error{Code: 1094, State: "HY000", Message: fmt.Sprintf(
			"dbmesh: session %d is on another backend (%s), and its pool has no control account to send KILL with", id, src.Backend.Name)}}), true
	}
	reply := &core.Reply{}
	return s.startFlow(func(f *flow) error {
		return f.away(func() error { return s.srv.sendKill(src, theirs, query) })
	}, func(err error) want {
		s.mode = atCommand
		if err != nil {
			reply.Err = s.reason(src.Backend.Pool, err)
		}
		return s.answer(reply)
	}), true
}

// span is where in the SQL text a number stands.
type span struct{ from, to int }

// killed recognizes COM_PROCESS_KILL and a text that is only KILL [HARD|SOFT]
// [CONNECTION|QUERY] n.
func (s *session) killed() (id uint32, query bool, at span, ok bool) {
	if s.cmd.Code == core.ProcessKill {
		b := s.in.bytes()[wire.HeaderLen:s.held]
		if len(b) < 5 {
			return 0, false, span{}, false
		}
		return le32(b[1:]), false, span{}, true
	}
	return parseKill(s.cmd.SQL)
}

func parseKill(sql []byte) (id uint32, query bool, at span, ok bool) {
	text := bytes.TrimLeft(sql, " \t\r\n")
	if len(text) < 6 || len(text) > 64 || text[0]|0x20 != 'k' {
		return 0, false, span{}, false
	}
	words := bytes.Fields(bytes.TrimRight(text, "; \t\r\n"))
	if !bytes.EqualFold(words[0], []byte("kill")) || len(words) < 2 {
		return 0, false, span{}, false
	}
	number := words[len(words)-1]
	for _, w := range words[1 : len(words)-1] {
		switch {
		case bytes.EqualFold(w, []byte("query")):
			query = true
		case bytes.EqualFold(w, []byte("connection")), bytes.EqualFold(w, []byte("hard")), bytes.EqualFold(w, []byte("soft")),
			bytes.EqualFold(w, []byte("tidb")): // KILL TIDB n reaches a session of another TiDB server
		default:
			return 0, false, span{}, false
		}
	}
	n, err := strconv.ParseUint(string(number), 10, 32)
	if err != nil {
		return 0, false, span{}, false
	}
	from := bytes.LastIndex(sql, number)
	return uint32(n), query, span{from, from + len(number)}, true
}

// renumber puts the backend's id into the command at hand.
func (s *session) renumber(at span, id uint32) {
	if s.cmd.Code == core.ProcessKill {
		b := s.in.bytes()[wire.HeaderLen+1:]
		b[0], b[1], b[2], b[3] = byte(id), byte(id>>8), byte(id>>16), byte(id>>24)
		return
	}
	sql := append([]byte(nil), s.cmd.SQL[:at.from]...)
	sql = strconv.AppendUint(sql, uint64(id), 10)
	s.cmd.Rewrite(append(sql, s.cmd.SQL[at.to:]...))
}

// killTimeout bounds a KILL over a control connection.
const killTimeout = 5 * time.Second

func (s *Server) sendKill(src *backend.Source, id uint32, query bool) error {
	ctx, cancel := context.WithTimeout(s.ctx, killTimeout)
	defer cancel()
	return src.Kill(ctx, id, query)
}

// maxCancels bounds the connections that are used at once to end what gone clients have left.
const maxCancels = 64

// cancel stops the statement that a gone client left running, without anybody waiting for it.
func (s *Server) cancel(src *backend.Source, id uint32, as *core.Account) {
	own := as != nil && !as.Passthrough
	if !own && !src.HasControl() {
		return
	}
	select {
	case s.cancels <- struct{}{}:
	default: // the connection is closed in any case; the server notices in time
		return
	}
	s.jobs.Go(func() {
		defer func() { <-s.cancels }()
		var err error
		if src.HasControl() {
			err = s.sendKill(src, id, true)
		}
		// A control account that is there to ask for positions may kill nobody's.
		if code := refused(err); own && (!src.HasControl() || code == notOwner || code == lacksPrivilege) {
			err = s.sendKillAs(src, as, id, true)
		}
		if err != nil && refused(err) != noSuchThread {
			s.log.Warn("cancelling the statement of a gone client failed", "backend", src.Backend.Name, "error", err)
		}
	})
}

// refused is the code of the error that a server answered with, 0 if it is none of a server's.
func refused(err error) uint16 {
	var said *wire.Err
	if errors.As(err, &said) {
		return said.Code
	}
	return 0
}
