// Command tidbpool serves several TiDB front ends over one in-memory store in
// one process, for tests: what is written through one front end is seen through
// all of them at once, and each can be drained and started again alone.
//
// When every front end accepts connections it prints one JSON line on standard
// output that names their addresses. Root has no password.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

type options struct {
	count     int
	port      int
	dir       string
	keep      bool
	cert      string
	key       string
	authority string
	control   bool
	proxyNets string
	logLevel  string
}

func parse() options {
	var o options
	flag.IntVar(&o.count, "n", 1, "number of front ends")
	flag.IntVar(&o.port, "port", 0, "first port; front end i serves SQL on port+2i and HTTP status on port+2i+1; 0 takes free ports")
	flag.StringVar(&o.dir, "dir", "", "directory for the store, the log and temporary files; required")
	flag.BoolVar(&o.keep, "keep", false, "keep the store in dir over restarts instead of in a volatile folder")
	flag.StringVar(&o.cert, "cert", "", "PEM certificate that front ends show; without one they offer no TLS")
	flag.StringVar(&o.key, "key", "", "PEM key of -cert")
	flag.StringVar(&o.authority, "ca", "", "PEM authority that client certificates are verified with")
	flag.BoolVar(&o.control, "control", false, "read commands from standard input (drain I [SECONDS], start I) and stop at its end")
	flag.StringVar(&o.proxyNets, "proxy-networks", "127.0.0.1", "networks that may send a PROXY header; clients without one are let in too")
	flag.StringVar(&o.logLevel, "log-level", "error", "level of the log in dir")
	flag.Parse()
	return o
}

func main() {
	o := parse()
	if err := serve(o); err != nil {
		fmt.Fprintln(os.Stderr, "tidbpool:", err)
		os.Exit(1)
	}
}

func serve(o options) error {
	if o.dir == "" || o.count < 1 {
		return fmt.Errorf("-dir is required and -n must be at least 1")
	}
	p, err := open(o)
	if err != nil {
		return err
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM, syscall.SIGINT)
	reply := newReplier(os.Stdout)
	reply.send(answer{Ready: p.addresses()})
	ended := make(chan struct{})
	if o.control {
		go func() {
			obey(os.Stdin, p, reply)
			close(ended)
		}()
	}
	select {
	case <-stopped:
	case <-ended:
	}
	return p.close()
}
