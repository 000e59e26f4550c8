// Command goroutine is the driver that dbmesh did not take, for measuring it beside the one
// it took: one goroutine a session over Go's own netpoller, which reads a command, forwards
// it, and follows the response to its end with the same code as dbmesh. It has no chain, no
// pools and no health checks, so what it costs more than dbmesh is the driver's.
//
//	go run ./tests/bench -peers haproxy,iocopy,dbmesh,gor -peer 'gor=.../goroutine {listen} {backend}'
package main

import (
	"io"
	"log"
	"net"
	"os"

	"github.com/dbmesh/dbmesh/core/wire"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: goroutine LISTEN BACKEND")
	}
	l, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(c, os.Args[2])
	}
}

func serve(client net.Conn, address string) {
	defer client.Close()
	backend, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer backend.Close()
	caps, err := login(client, backend)
	if err != nil {
		return
	}
	_ = commands(client, backend, caps)
}

// login relays whole packets, turn about, until the server's OK.
func login(client, backend net.Conn) (caps wire.Caps, err error) {
	c, b := wire.NewConn(client), wire.NewConn(backend)
	for first := true; ; first = false {
		p, err := b.ReadPacket()
		if err != nil {
			return 0, err
		}
		if first {
			g, err := wire.ParseGreeting(p)
			if err != nil {
				return 0, err
			}
			caps = g.Caps
		}
		if err := c.WritePacket(p); err != nil {
			return 0, err
		}
		if !first && p[0] == wire.HeaderOK {
			return caps, nil
		}
		if p, err = c.ReadPacket(); err != nil {
			return 0, err
		}
		if first {
			l, _, err := wire.ParseLogin(p)
			if err != nil {
				return 0, err
			}
			caps &= l.Caps
		}
		if err := b.WritePacket(p); err != nil {
			return 0, err
		}
	}
}

// commands is the session: it holds at most one buffer's worth of a command, which is
// enough for the benchmark's point selects.
func commands(client, backend net.Conn, caps wire.Caps) error {
	var response wire.Response
	buf := make([]byte, 16<<10)
	for {
		n, err := io.ReadAtLeast(client, buf, wire.HeaderLen+1)
		if err != nil {
			return err
		}
		if total := wire.HeaderLen + wire.PayloadLen(buf); n < total && total <= len(buf) {
			if _, err := io.ReadFull(client, buf[n:total]); err != nil {
				return err
			}
			n = total
		}
		code := buf[wire.HeaderLen]
		if _, err := backend.Write(buf[:n]); err != nil {
			return err
		}
		if !wire.HasResponse(code) {
			continue
		}
		if err := respond(&response, code, caps, buf, client, backend); err != nil {
			return err
		}
	}
}

func respond(response *wire.Response, code byte, caps wire.Caps, buf []byte, client, backend net.Conn) error {
	response.Begin(code, caps)
	held := 0
	for {
		n, err := backend.Read(buf[held:])
		if err != nil {
			return err
		}
		held += n
		done, event := response.Feed(buf[:held])
		if _, err := client.Write(buf[:done]); err != nil {
			return err
		}
		held = copy(buf, buf[done:held])
		if event == wire.Done {
			return nil
		}
	}
}
