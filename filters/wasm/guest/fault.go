package guest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unicode"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/tetratelabs/wazero/sys"
)

// Kind says how a guest broke.
type Kind uint8

// The kinds of faults. After each of them but Busy the instance is gone.
const (
	OutOfFuel     Kind = iota
	OutOfMemory        // memory.grow was refused and the guest gave up
	StackOverflow      // of wazero's own stack
	Trap               // unreachable, out of bounds, division by zero; panics of most languages
	Exit               // it called proc_exit
	BadVerdict         // its verdict can't be read or is not the hook's to give
	NotGranted         // its verdict needs a capability that it does not have
	HostPanic          // a host function broke: a bug in dbmesh
	Busy               // no instance was free in time, or none could be made
	Kinds              // how many there are
)

var kindNames = [Kinds]string{"out_of_fuel", "out_of_memory", "stack_overflow", "trap", "exit", "bad_verdict",
	"not_granted", "host_panic", "busy"}

// String is the kind as metrics and logs name it.
func (k Kind) String() string {
	if k < Kinds {
		return kindNames[k]
	}
	return "unknown"
}

// Fault is the error of a hook that broke. Its text names the limit or what the guest did,
// and the hook, but not the filter.
type Fault struct {
	Kind Kind
	Hook abi.Hook
	Text string
	// Trace is the guest's own panic text and the names of its functions, innermost first;
	// for the log, not for clients.
	Trace string
}

func (f *Fault) Error() string { return f.Text }

// misuse is what a host function panics with when the guest used it wrongly. It stops the
// guest like any other trap.
type misuse string

func (m misuse) Error() string { return string(m) }

// errSpent is what spend panics with. That the fuel is negative tells it from other traps.
var errSpent = errors.New("out of fuel")

// fault says what an error of wazero's means. where is the export that ran.
func (in *instance) fault(where string, limit uint64, err error) *Fault {
	f := &Fault{Kind: Trap, Trace: trace(string(in.output.said), err.Error())}
	spent := in.fuel != nil && int64(in.fuel.Get()) < 0
	var exit *sys.ExitError
	var wrong misuse
	var broken runtime.Error
	switch text := err.Error(); {
	case spent:
		f.Kind, f.Text = OutOfFuel, fmt.Sprintf("out of fuel in %s: its limit is %d", where, limit)
	case in.memory.refused != "":
		f.Kind, f.Text = OutOfMemory, fmt.Sprintf("out of memory in %s: %s", where, in.memory.refused)
	case errors.As(err, &exit):
		f.Kind, f.Text = Exit, fmt.Sprintf("exit with code %d in %s", exit.ExitCode(), where)
	case errors.As(err, &wrong):
		f.Text = fmt.Sprintf("trap in %s: %s", where, plain(string(wrong)))
	case errors.As(err, &broken) || strings.Contains(text, "(recovered by wazero)"):
		f.Kind, f.Text = HostPanic, fmt.Sprintf("host function %s broke in %s: a bug in dbmesh", in.host, where)
		f.Trace = cut([]byte(text), 4*maxSaid)
	default:
		reason, _, _ := strings.Cut(text, "\n")
		if reason = strings.TrimPrefix(reason, "wasm error: "); reason == "stack overflow" {
			f.Kind = StackOverflow
			f.Text = "stack overflow in " + where
			break
		}
		f.Text = fmt.Sprintf("trap in %s: %s", where, reason)
	}
	return f
}

// plain makes a guest's words fit for an error that clients get: one line, not long.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	return cut([]byte(text), maxWords)
}

// maxWords bounds them, in bytes.
const maxWords = 200

// maxFrames is how many of the guest's functions a trace names.
const maxFrames = 8

// trace puts together what the guest wrote on its standard error and the functions it was in.
func trace(said, err string) string {
	said = strings.ToValidUTF8(strings.TrimSpace(said), "?")
	_, stack, _ := strings.Cut(err, "wasm stack trace:\n")
	var frames []string
	for line := range strings.Lines(stack) {
		name, _, called := strings.Cut(strings.TrimSpace(line), "(")
		if !called || len(frames) == maxFrames {
			break
		}
		frames = append(frames, strings.TrimPrefix(name, "."))
	}
	at := strings.Join(frames, " < ")
	switch {
	case said == "":
		return at
	case at == "":
		return said
	}
	return said + "\nin " + at
}
