// Command demo shows dbmesh at work: it serves a writer and two readers in memory, starts
// dbmesh before them, sends real traffic through it, and tells what happened to each
// command: which filters it passed, which backend answered, how long that took. Then it
// goes on showing the commands of your own client until Ctrl-C.
//
// It runs from the root of the repository; "make demo" builds what it needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/dbmesh/dbmesh/demo/backends"
)

// startWait is what dbmesh gets to become ready, and drainWait to end.
const (
	startWait = 10 * time.Second
	drainWait = 15 * time.Second
)

func main() {
	once := flag.Bool("once", false, "end when the traffic has been shown")
	binary := flag.String("dbmesh", "bin/dbmesh", "the `program` to show")
	config := flag.String("config", "configs/demo.yaml", "its `config`")
	flag.Parse()
	backends.Quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := demo(ctx, newScreen(os.Stdout), *binary, *config, *once); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo runs all of it. Ctrl-C ends it at any time, and well.
func demo(ctx context.Context, out *screen, binary, config string, once bool) error {
	set, addrs, err := serve(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = set.Close() }()
	s, err := startSidecar(ctx, binary, config, addrs)
	if err != nil {
		return err
	}
	err = show(ctx, out, s, set, once)
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = nil
		out.line("")
	}
	out.dim("dbmesh drains and ends")
	if ended := s.stop(); err == nil {
		err = ended
	}
	return err
}

func show(ctx context.Context, out *screen, s *sidecar, set *backends.Set, once bool) error {
	out.heading(s, set)
	st, err := newStory(ctx, out, s)
	if err != nil {
		return err
	}
	err = st.tell()
	st.close()
	if err != nil || once {
		return err
	}
	out.invitation(s)
	for len(s.lines) > 0 { // of the start and of the story
		<-s.lines
	}
	for {
		select {
		case e := <-s.entries:
			out.live(e, why(ctx, s, e))
		case line := <-s.lines:
			_, rest, _ := strings.Cut(line, " level=") // without the time
			out.dim("  dbmesh: " + rest)
		case <-s.ended:
			return fmt.Errorf("dbmesh ended by itself:\n%s", s.tail())
		case <-ctx.Done():
			return nil
		}
	}
}

// why says what is known of somebody else's statement, "" of a command that is none. By
// what rule it went where it went can't be told: others may send commands at the same time.
func why(ctx context.Context, s *sidecar, e entry) string {
	if e.Code != "query" && e.Code != "prepare" && e.Code != "execute" {
		return ""
	}
	f, err := s.explain(ctx, e.SQL)
	if err != nil {
		return err.Error()
	}
	return "went to " + e.Pool + "; " + f.String()
}
