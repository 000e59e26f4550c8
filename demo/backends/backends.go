// Package backends serves a writer and read-only readers over one small shop in
// memory, in this process and within milliseconds: what dbmesh is tried with
// where no database server is installed.
//
// It is an engine for tries, not MySQL: it has no compression, no COM_CHANGE_USER,
// no LOAD DATA LOCAL, accounts with mysql_native_password alone, and its writer
// runs one transaction at a time.
package backends

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/dolthub/go-mysql-server/memory"
)

// Schema is what the shop's tables are in; User with Password may do everything.
// Root has the same password.
const (
	Schema   = "shop"
	User     = "demo"
	Password = "demo"
)

// Backend is one server of the set.
type Backend struct {
	Name string `json:"name"` // "writer", "reader-1" and so on; SELECT backend_name() gives it too
	Addr string `json:"addr"` // host:port
}

// Set is a running writer with its readers. A write is seen on every reader as
// soon as it is committed.
type Set struct {
	Writer  Backend
	Readers []Backend

	listeners []*listener
	serving   sync.WaitGroup
}

// Start serves on the addresses, the writer on the first, until Close or until
// the context ends. Without addresses it takes three free ports on 127.0.0.1. When
// it returns, all of them answer.
func Start(ctx context.Context, addrs ...string) (*Set, error) {
	if len(addrs) == 0 {
		addrs = []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}
	}
	shop, err := newShop()
	if err != nil {
		return nil, err
	}
	s := &Set{}
	for i, addr := range addrs {
		if err := s.add(shop, i, addr); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

// Close stops accepting, closes every connection and waits for their goroutines.
// It may be called more than once.
func (s *Set) Close() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	s.serving.Wait()
	return errors.Join(errs...)
}

func (s *Set) add(shop *memory.DbProvider, i int, addr string) error {
	bare, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for a backend: %w", err)
	}
	l := newListener(bare)
	s.listeners = append(s.listeners, l)
	b := Backend{Name: "writer", Addr: bare.Addr().String()}
	if i > 0 {
		b.Name = fmt.Sprintf("reader-%d", i)
	}
	server, err := newServer(shop, b.Name, i > 0, l)
	if err != nil {
		return fmt.Errorf("make the %s: %w", b.Name, err)
	}
	if i == 0 {
		s.Writer = b
	} else {
		s.Readers = append(s.Readers, b)
	}
	s.serving.Go(func() { server.Listener.Accept() })
	return nil
}
