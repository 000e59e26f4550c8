package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/dbmesh/dbmesh/demo/backends"
)

// The addresses that configs/demo.yaml names.
const (
	clientAddr = "127.0.0.1:6033"
	adminAddr  = "127.0.0.1:6080"
	writerAddr = "127.0.0.1:16033"
	firstAddr  = "127.0.0.1:16034"
	secondAddr = "127.0.0.1:16035"
)

// addresses maps the config's addresses to those that are really used: the same, unless
// somebody else has them.
type addresses map[string]string

// serve starts the backends where the config looks for them, or on free ports.
func serve(ctx context.Context) (*backends.Set, addresses, error) {
	a := addresses{}
	for _, addr := range []string{clientAddr, adminAddr} {
		free, err := freeOr(addr)
		if err != nil {
			return nil, nil, err
		}
		a[addr] = free
	}
	set, err := backends.Start(ctx, writerAddr, firstAddr, secondAddr)
	if err != nil {
		if set, err = backends.Start(ctx); err != nil {
			return nil, nil, err
		}
	}
	a[writerAddr] = set.Writer.Addr
	a[firstAddr], a[secondAddr] = set.Readers[0].Addr, set.Readers[1].Addr
	return set, a, nil
}

// freeOr gives the address, or one with a free port if it is taken.
func freeOr(addr string) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", fmt.Errorf("find a free port: %w", err)
		}
	}
	free := l.Addr().String()
	return free, l.Close()
}

// moved says whether any address differs from the config's.
func (a addresses) moved() bool {
	for addr, real := range a {
		if addr != real && addr != adminAddr { // that one has a flag
			return true
		}
	}
	return false
}

// rewrite gives the config's path, or that of a copy with the real addresses in dir.
func (a addresses) rewrite(config, dir string) (string, error) {
	if !a.moved() {
		return config, nil
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return "", fmt.Errorf("read the config: %w", err)
	}
	var pairs []string
	for addr, real := range a {
		pairs = append(pairs, "address: "+addr+"\n", "address: "+real+"\n")
	}
	path := filepath.Join(dir, "demo.yaml")
	if err := os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o600); err != nil {
		return "", fmt.Errorf("write the config with free ports: %w", err)
	}
	return path, nil
}
