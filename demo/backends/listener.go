package backends

import (
	"errors"
	"net"
	"sync"
)

// listener remembers its connections, because the engine's own close leaves
// them open.
type listener struct {
	net.Listener

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
	all    sync.WaitGroup
}

func newListener(l net.Listener) *listener {
	return &listener{Listener: l, open: make(map[net.Conn]struct{})}
}

// Accept gives the next client.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errors.Join(net.ErrClosed, c.Close())
	}
	l.open[c] = struct{}{}
	l.all.Add(1)
	return &conn{Conn: c, from: l}, nil
}

// Close also cuts the clients and returns when the engine has closed them all.
func (l *listener) Close() error {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	for c := range l.open {
		_ = c.Close()
	}
	l.mu.Unlock()
	var err error
	if first {
		err = l.Listener.Close()
	}
	l.all.Wait()
	return err
}

// conn tells its listener when the engine closes it, which it does last.
type conn struct {
	net.Conn
	from *listener
	once sync.Once
}

// Close closes the connection; later calls do nothing.
func (c *conn) Close() error {
	var err error
	c.once.Do(func() {
		c.from.mu.Lock()
		delete(c.from.open, c.Conn)
		c.from.mu.Unlock()
		if err = c.Conn.Close(); errors.Is(err, net.ErrClosed) {
			err = nil
		}
		c.from.all.Done()
	})
	return err
}
