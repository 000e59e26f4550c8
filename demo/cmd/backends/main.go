// Command backends serves the demo's writer and readers until it is interrupted.
// It prints one JSON line with their names and addresses when all of them answer.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/dbmesh/dbmesh/demo/backends"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "backends:", err)
		os.Exit(1)
	}
}

// serve takes host:port arguments, the writer's first; none means three free ports.
func serve(addrs []string) error {
	backends.Quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	set, err := backends.Start(ctx, addrs...)
	if err != nil {
		return err
	}
	all := append([]backends.Backend{set.Writer}, set.Readers...)
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		return fmt.Errorf("print the addresses: %w", err)
	}
	<-ctx.Done()
	return set.Close()
}
