package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
)

const runUsage = `dbmesh run is the proxy. SIGTERM ends it, once running commands have ended.

  dbmesh run --backend 127.0.0.1:3306     before one server, with that server's own accounts
  dbmesh run --config dbmesh.yaml         as the file says; it is watched, a change applies at once

The status is 78 if the config has a mistake.
`

const checkUsage = `dbmesh check says what is wrong with a config, by line and key. It builds all chains and loads all
filters as a start would, and serves nobody.

  dbmesh check --config dbmesh.yaml

The status is 0 if dbmesh would start with it, 78 if not. A warning does not change it.
`

// source collects the flags that name a configuration.
type source struct {
	path, backend, listen string
	set                   settings
}

// settings are --set KEY=VALUE flags.
type settings map[string]string

func (s settings) String() string { return "" }

func (s settings) Set(v string) error {
	key, value, ok := strings.Cut(v, "=")
	if !ok {
		return fmt.Errorf("%q is not KEY=VALUE", v)
	}
	s[key] = value
	return nil
}

func (s *source) flags(fs *flag.FlagSet) {
	s.set = settings{}
	fs.StringVar(&s.path, "config", "", "the `file` to read")
	fs.StringVar(&s.backend, "backend", "", "instead of a file: the `address` of one server, host:port or unix:/path")
	fs.StringVar(&s.listen, "listen", "", "with --backend: the `address` to listen on (default "+config.DefaultListen+")")
	fs.Var(s.set, "set", "override one `key=value` of the config, such as log.level=debug; may be repeated")
}

// source gives what config.Load reads.
func (s *source) source() (config.Source, error) {
	var src config.Source
	switch {
	case s.path != "" && s.backend != "":
		return src, errors.New("--config and --backend exclude each other")
	case s.path != "" && s.listen != "":
		return src, errors.New("--listen goes with --backend; a config names its own listeners")
	case s.path != "":
		src.Path = s.path
	case s.backend != "":
		src = config.Default(s.backend, s.listen)
	default:
		return src, errors.New("say which: --config FILE or --backend HOST:PORT")
	}
	src.Env, src.Flags = os.Environ(), s.set
	return src, nil
}

// parse reads a verb's flags, and up to most operands before, between or behind them. done
// is true if the verb shall end with the status.
func parse(fs *flag.FlagSet, most int, args []string, out, errs io.Writer) (operands []string, status int, done bool) {
	fs.SetOutput(io.Discard) // it says the same to whoever asks for help and whoever errs
	err := fs.Parse(args)
	for err == nil && fs.NArg() > 0 && len(operands) < most {
		operands = append(operands, fs.Arg(0))
		err = fs.Parse(fs.Args()[1:])
	}
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(out)
		fs.Usage()
		return nil, exitOK, true
	case err != nil:
		fmt.Fprintf(errs, "dbmesh %s: %v; see dbmesh %s --help\n", fs.Name(), err, fs.Name())
		return nil, exitUsage, true
	}
	return operands, exitOK, false
}

// named is the configuration that a verb's flags name. done is true if the verb shall end
// with the status.
func named(verb, usage string, args []string, out, errs io.Writer) (src config.Source, status int, done bool) {
	fs := flag.NewFlagSet(verb, flag.ContinueOnError)
	var s source
	s.flags(fs)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), usage, "\nFlags:\n")
		fs.PrintDefaults()
	}
	if _, status, done := parse(fs, 0, args, out, errs); done {
		return src, status, true
	}
	src, err := s.source()
	if err != nil {
		fmt.Fprintf(errs, "dbmesh %s: %v\n", verb, err)
		return src, exitUsage, true
	}
	return src, exitOK, false
}

func run(args []string, out, errs io.Writer) int {
	src, status, done := named("run", runUsage, args, out, errs)
	if done {
		return status
	}
	cfg, err := config.Load(src)
	if err != nil {
		fmt.Fprintln(errs, err)
		return exitConfig
	}
	log := newLogger(errs, cfg)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	a, err := newApp(log, src, cfg)
	if err != nil {
		fmt.Fprintln(errs, err)
		return exitConfig
	}
	return a.serve(context.Background(), signals)
}

func check(args []string, out, errs io.Writer) int {
	src, status, done := named("check", checkUsage, args, out, errs)
	if done {
		return status
	}
	cfg, err := config.Load(src)
	var left map[string]string
	if err == nil {
		left, err = checkChains(src, cfg)
	}
	if err != nil {
		fmt.Fprintln(errs, err)
		return exitConfig
	}
	for _, w := range warnings(cfg) {
		fmt.Fprintln(errs, "warning:", w)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		fmt.Fprintf(errs, "warning: filter %s is left out: %s\n", name, left[name])
	}
	fmt.Fprintf(out, "ok: %s, %s, %s\n", counted(len(cfg.Listeners), "listener"), counted(len(cfg.Pools), "pool"), counted(len(cfg.Chains), "chain"))
	return exitOK
}

// counted is a number of things for people.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// checkChains builds all chains as a start would, and discards them. It gives what would be
// left out, and why.
func checkChains(src config.Source, cfg *config.Config) (left map[string]string, err error) {
	k, err := checkKinds(src, cfg)
	if err != nil {
		return nil, err
	}
	chains, err := k.build(&core.Builder{Registry: k.registry, Log: slog.New(slog.DiscardHandler)}, cfg, false)
	discard(chains)
	return k.wasm.Refusals(), err
}

func newLogger(w io.Writer, cfg *config.Config) *slog.Logger {
	level := new(slog.LevelVar)
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // the config is checked: it is a level
	o := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
