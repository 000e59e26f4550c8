package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/lab"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/querylog"
)

const replayUsage = `dbmesh filter replay sends recorded statements through a filter and tells what it would have done
with them. No server is asked, nothing is stopped.

  dbmesh filter replay rule.wasm dbmesh-slow.log        with threshold 0s the slow log has all
  dbmesh filter replay rule.wasm general.log --top 3
  dbmesh filter replay rule.wasm statements.sql --settings rule.yaml --flavour mysql

It reads dbmesh's slow log in both formats, the slow and the general log of MySQL and MariaDB, and
files with one statement a line. It tells how many statements got which verdict, the first
statement of each kind, and the fuel. Results of statements and parameters are in no log, so
on_columns and on_error are not asked. The status is 1 if the filter broke.
`

// filterReplay is the verb filter replay.
func filterReplay(args []string, out, errs io.Writer) int {
	var r replaying
	flags := newFlags("replay", replayUsage)
	flags.StringVar(&r.format, "format", querylog.Auto, "of the log: auto, lines, json, mysql or general")
	flags.StringVar(&r.settings, "settings", "", "the `file` with the filter's settings (default rule.yaml beside rule.wasm)")
	flags.StringVar(&r.server.Flavour, "flavour", "", "whose dialect the statements are in: mariadb, mysql or tidb")
	flags.StringVar(&r.server.Version, "version", "", "the server's `version`")
	flags.IntVar(&r.top, "top", 10, "how many kinds of statements to show for each verdict")
	paths, status, done := parse(flags, 2, args, out, errs)
	if done {
		return status
	}
	if len(paths) != 2 {
		return ended(errs, "replay", &usageError{errors.New("say which filter and which log, such as dbmesh filter replay rule.wasm slow.log")})
	}
	r.filter, r.log, r.out, r.errs = paths[0], paths[1], out, errs
	broke, err := r.run(context.Background())
	if err != nil {
		return ended(errs, "replay", err)
	}
	if broke {
		return exitFailed
	}
	return exitOK
}

// replaying is one call of the verb.
type replaying struct {
	filter, log, format, settings string
	server                        cases.Server
	top                           int
	out, errs                     io.Writer
}

func (r *replaying) run(ctx context.Context) (broke bool, err error) {
	s, err := openWith(r.filter, r.settings)
	if err != nil {
		return false, err
	}
	file, err := os.Open(r.log)
	if err != nil {
		return false, err
	}
	defer file.Close()
	log, err := querylog.NewReader(file, r.format)
	if err != nil {
		return false, &usageError{err}
	}
	l, err := lab.New(machineCode(), r.server)
	if err != nil {
		return false, err
	}
	p, err := l.NewReplay(ctx, s, lab.Options{})
	if err != nil {
		return false, fmt.Errorf("the filter is refused: %w", err)
	}
	defer p.Close()
	start := time.Now()
	bar := newProgress(r.errs, file)
	err = p.All(ctx, log, func() { bar.show(log.Offset(), p.Statements) })
	bar.clear()
	if err != nil {
		return false, fmt.Errorf("%s: %w", r.log, err)
	}
	took := time.Since(start)
	fmt.Fprintf(r.out, "%s, read as %s: %d statements in %s", r.log, log.Format(), p.Statements, lab.Duration(took))
	for _, n := range []struct {
		count int
		what  string
	}{{p.Opaque, "not understood for sure"}, {p.Cut, "cut off in the log"}} {
		if n.count > 0 {
			fmt.Fprintf(r.out, ", %d %s", n.count, n.what)
		}
	}
	fmt.Fprint(r.out, "\n\n")
	p.Write(r.out, r.top)
	return p.Faults > 0, nil
}

// progress tells on a terminal how far a long work has come.
type progress struct {
	out   io.Writer // nil if it is no terminal
	whole int64
	next  time.Time
	shown bool
}

func newProgress(out io.Writer, file *os.File) *progress {
	p := &progress{next: time.Now().Add(time.Second)}
	terminal, ok := out.(*os.File)
	if !ok {
		return p
	}
	if info, err := terminal.Stat(); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		return p
	}
	if info, err := file.Stat(); err == nil {
		p.out, p.whole = out, max(info.Size(), 1)
	}
	return p
}

func (p *progress) show(read int64, statements int) {
	if p.out == nil || statements%256 != 0 || time.Now().Before(p.next) {
		return
	}
	fmt.Fprintf(p.out, "\r%3d%%  %d statements ", 100*read/p.whole, statements)
	p.next, p.shown = time.Now().Add(200*time.Millisecond), true
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
