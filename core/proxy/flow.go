package proxy

import (
	"crypto/tls"
	"fmt"
	"iter"
	"sync/atomic"
)

// flow runs straight-line code that waits, such as a login, on behalf of one session. It
// is a coroutine of the loop: the loop resumes it when one of the session's sockets has
// news, and it yields when it must wait. A part that takes long is handed to a goroutine
// by away.
type flow struct {
	s    *session
	next func() (struct{}, bool)
	stop func()
	give func(struct{}) bool

	job     func() error  // to be run on a goroutine, set while yielding
	gone    chan struct{} // closed when the session shall end, made for the first job
	news    chan struct{} // filled when a socket has news during a job
	busy    bool          // a job is running: the session's sockets are the goroutine's
	expired atomic.Bool   // the session's deadline has passed
	err     error         // of the last job
	end     error         // of the whole flow
}

// startFlow has the session run code as its present business; then is called on the loop
// with the code's error when it has returned.
func (s *session) startFlow(code func(*flow) error, then func(error) want) want {
	f := &flow{s: s}
	f.next, f.stop = iter.Pull(func(yield func(struct{}) bool) {
		f.give = yield
		f.end = code(f)
	})
	s.flow, s.then = f, then
	s.mode = inFlow
	return wantNothing
}

// resume goes on with the flow until it waits or has ended.
func (s *session) resume() want {
	f := s.flow
	if _, more := f.next(); more {
		if f.job != nil {
			f.launch()
			return wantJob
		}
		return wantNews
	}
	s.flow = nil
	return s.then(f.end)
}

// wait returns when a socket of the session may have news.
func (f *flow) wait() error {
	if f.expired.Load() { // nobody would end this wait
		return errTime
	}
	if f.busy {
		select {
		case <-f.news:
		case <-f.gone:
			return errGone
		}
	} else if !f.give(struct{}{}) {
		return errGone
	}
	if f.expired.Load() {
		return errTime
	}
	return nil
}

// away runs job on a goroutine while the loop goes on with other sessions. Inside it the
// session's sockets may be used as before.
func (f *flow) away(job func() error) error {
	f.job = job
	if !f.give(struct{}{}) {
		return errGone
	}
	return f.err
}

// launch starts the job; its end is posted to the loop.
func (f *flow) launch() {
	job := f.job
	if f.gone == nil {
		f.gone = make(chan struct{})
		f.news = make(chan struct{}, 1)
	}
	f.job, f.busy = nil, true
	s := f.s
	s.srv.jobs.Add(1)
	go func() {
		defer s.srv.jobs.Done()
		err := errGone
		func() {
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			err = job()
		}()
		s.loop.post(func() { f.landed(err) })
	}()
}

// landed takes the session back from the goroutine. Events that came meanwhile were not
// noted in the sockets, so everything may be ready.
func (f *flow) landed(err error) {
	f.busy, f.err = false, err
	s := f.s
	s.wake()
	s.guard(func() {
		if s.dying != "" {
			s.close(s.dying)
			return
		}
		s.step()
	})
}

// nudge tells a running job that a socket has news.
func (f *flow) nudge() {
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// stream is a socket as blocking-style code sees it.
type stream struct {
	f *flow
	s *socket
}

func (t stream) Read(p []byte) (int, error) {
	for {
		n, err := t.s.read(p)
		if n > 0 || err != errAgain {
			return n, err
		}
		if err := t.f.wait(); err != nil {
			return 0, err
		}
	}
}

func (t stream) Write(p []byte) (int, error) {
	done := 0
	for {
		n, err := t.s.write(p[done:])
		done += n
		if err == nil && done == len(p) {
			err = t.s.flush()
		}
		if err != errAgain {
			return done, err
		}
		if err := t.f.wait(); err != nil {
			return done, err
		}
	}
}

// StartTLS makes the socket a TLS client; reads and writes are inside TLS afterwards.
func (t stream) StartTLS(cfg *tls.Config) error {
	return t.handshake(func() *tls.Conn { return tls.Client(&transport{s: t.s}, cfg) })
}

// serveTLS makes the socket a TLS server. The handshake begins with the early bytes, for
// many clients send it right behind the packet that asks for TLS.
func (t stream) serveTLS(cfg *tls.Config, early []byte) error {
	return t.handshake(func() *tls.Conn { return tls.Server(&transport{t.s, early}, cfg) })
}

// handshake costs some 100 us to 1 ms of arithmetic, so it runs on a goroutine.
func (t stream) handshake(wrap func() *tls.Conn) error {
	return t.f.away(func() error {
		conn := wrap()
		t.s.park = t.f.wait
		err := conn.Handshake()
		t.s.park = nil
		if err == nil {
			t.s.tls = conn
		}
		return err
	})
}
