// Command forwarder passes TCP connections on with io.Copy, two goroutines a
// connection: the cheapest proxy that plain Go gives, which knows nothing of SQL.
package main

import (
	"flag"
	"io"
	"log"
	"net"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	backend := flag.String("backend", "127.0.0.1:3306", "address to pass connections to")
	flag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go forward(c, *backend)
	}
}

// forward runs one connection: each side's end closes the other side's writing half.
func forward(client net.Conn, backend string) {
	defer client.Close()
	server, err := net.Dial("tcp", backend)
	if err != nil {
		log.Print(err)
		return
	}
	defer server.Close()
	done := make(chan struct{})
	go func() {
		copyHalf(server, client)
		close(done)
	}()
	copyHalf(client, server)
	<-done
}

func copyHalf(dst, src net.Conn) {
	_, _ = io.Copy(dst, src) // either side may go away at any time
	_ = dst.(*net.TCPConn).CloseWrite()
}
