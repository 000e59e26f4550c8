package guest

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// wasiModule is what stock Go imports its system calls from. Guests have ten of them, and five
// that packages time, os and fmt import to look for files. They have no arguments, no files
// and no network.
const wasiModule = "wasi_snapshot_preview1"

// Error numbers of WASI.
const (
	wasiOK    = 0
	wasiBadFD = 8
	wasiInval = 28
)

func wasiFunctions() map[string]function {
	const i, l = api.ValueTypeI32, api.ValueTypeI64
	f := func(run hostFunc, params ...api.ValueType) function {
		return function{params: params, results: []api.ValueType{i}, run: run}
	}
	exit := f(procExit, i)
	exit.results = nil
	return map[string]function{
		"args_get": f(nothing, i, i), "args_sizes_get": f(argsSizes, i, i),
		"environ_get": f(environ, i, i), "environ_sizes_get": f(environSizes, i, i),
		"clock_time_get": f(clockTime, i, l, i), "random_get": f(random, i, i),
		"fd_write": f(fdWrite, i, i, i, i), "poll_oneoff": f(pollOneoff, i, i, i, i),
		"sched_yield": f(nothing), "proc_exit": exit,
		"fd_close": f(noFile, i), "fd_fdstat_get": f(noFile, i, i), "fd_fdstat_set_flags": f(noFile, i, i),
		"fd_prestat_get": f(noFile, i, i), "fd_prestat_dir_name": f(noFile, i, i, i),
	}
}

// nothing succeeds. The stack has room for the result where there are no arguments too.
func nothing(_ *instance, s []uint64) { s[0] = wasiOK }

// noFile says that there is no such file.
func noFile(_ *instance, s []uint64) { s[0] = wasiBadFD }

func (in *instance) put32(address, n uint64) {
	binary.LittleEndian.PutUint32(in.bytes(address, 4), uint32(n))
}

func argsSizes(in *instance, s []uint64) {
	in.put32(s[0], 0)
	in.put32(s[1], 0)
	s[0] = wasiOK
}

// environment is what makes stock Go collect its garbage before it meets the limit.
func (p *Program) environment() string {
	return fmt.Sprintf("GOMEMLIMIT=%d\x00", int64(p.limits.Memory)*6/10)
}

func environSizes(in *instance, s []uint64) {
	in.put32(s[0], 1)
	in.put32(s[1], uint64(len(in.program.environ)))
	s[0] = wasiOK
}

func environ(in *instance, s []uint64) {
	in.put32(s[0], s[1])
	copy(in.bytes(s[1], uint64(len(in.program.environ))), in.program.environ)
	s[0] = wasiOK
}

func clockTime(in *instance, s []uint64) {
	var ns int64
	switch p := in.program; uint32(s[0]) {
	case 0: // real time
		ns = p.clock.now().UnixNano()
	case 1: // monotonic; Go's runtime gives up where it is 0, and a caller's clock may stand still
		if ns = int64(time.Since(p.began)); p.clock.set != nil {
			ns = max(0, int64(p.clock.set().Sub(p.began)))
		}
		ns++
	default:
		s[0] = wasiInval
		return
	}
	binary.LittleEndian.PutUint64(in.bytes(s[2], 8), uint64(ns))
	s[0] = wasiOK
}

func random(in *instance, s []uint64) {
	b := in.bytes(s[0], s[1])
	in.spend(uint64(len(b)))
	_, _ = rand.Read(b) // never fails
	s[0] = wasiOK
}

func fdWrite(in *instance, s []uint64) {
	fd, count := uint32(s[0]), uint64(uint32(s[2]))
	if fd != 1 && fd != 2 {
		s[0] = wasiBadFD
		return
	}
	if count > 1024 {
		s[0] = wasiInval
		return
	}
	in.spend(4 * count)
	pieces, total := in.bytes(s[1], 8*count), uint64(0)
	for ; len(pieces) > 0; pieces = pieces[8:] {
		text := in.bytes(uint64(binary.LittleEndian.Uint32(pieces)), uint64(binary.LittleEndian.Uint32(pieces[4:])))
		in.spend(uint64(len(text)/4 + 40*bytes.Count(text, []byte{'\n'})))
		in.output.write(fd, text)
		total += uint64(len(text))
	}
	in.put32(s[3], total)
	s[0] = wasiOK
}

// Sizes and places in WASI's subscriptions and events.
const (
	subscriptionSize = 48
	subscriptionType = 8
	eventSize        = 32
	eventType        = 10
)

// pollOneoff says at once that whatever was waited for has happened: a guest must not sleep
// while a client waits.
func pollOneoff(in *instance, s []uint64) {
	n := uint64(uint32(s[2]))
	if n == 0 || n > 1024 {
		s[0] = wasiInval
		return
	}
	in.spend(4 * n)
	subs, events := in.bytes(s[0], n*subscriptionSize), in.bytes(s[1], n*eventSize)
	for i := range n {
		sub, event := subs[i*subscriptionSize:], events[i*eventSize:][:eventSize]
		user, kind := binary.LittleEndian.Uint64(sub), sub[subscriptionType]
		clear(event)
		binary.LittleEndian.PutUint64(event, user)
		event[eventType] = kind
	}
	in.put32(s[3], n)
	s[0] = wasiOK
}

func procExit(_ *instance, s []uint64) { panic(sys.NewExitError(uint32(s[0]))) }
