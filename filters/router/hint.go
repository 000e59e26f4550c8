package router

import (
	"bytes"
	"errors"
)

const maxHint = 256 // bytes of a hint's comment that are looked at

const wanted = "want primary, replica or pool=NAME"

var (
	errHint      = errors.New("the statement begins with a dbmesh: comment that is not understood, " + wanted)
	errAttribute = errors.New("the query attribute dbmesh is not understood, " + wanted)
	errVariable  = errors.New("the user variable @dbmesh is set by SET @dbmesh = 'VALUE' alone, sent as text and not prepared, with a VALUE of primary, replica or pool=NAME, or by SET @dbmesh = NULL")
)

// hint is where somebody wishes a statement to go.
type hint struct {
	to   place
	pool []byte
}

// place is what a hint names.
type place uint8

const (
	nowhere place = iota // there is no hint
	primary              // the session's own pool
	replica
	named
)

// commented reads the comment that a statement begins with. There is no hint unless it says
// dbmesh:, and it is an error if it goes on in a way that is not known: a hint with a slip
// of the pen must not send a statement to the wrong server. It makes no garbage.
func commented(sql []byte) (hint, error) {
	text, ok := bytes.CutPrefix(trim(sql), []byte("/*"))
	if !ok {
		return hint{}, nil
	}
	text, ok = bytes.CutPrefix(trim(text), []byte("dbmesh:"))
	if !ok {
		return hint{}, nil
	}
	end := bytes.Index(text[:min(len(text), maxHint)], []byte("*/"))
	if end < 0 {
		return hint{}, errHint
	}
	h, ok := parseHint(bytes.TrimRight(text[:end], " \t\r\n"))
	if !ok {
		return hint{}, errHint
	}
	return h, nil
}

// parseHint reads what a hint says, however it came.
func parseHint(text []byte) (hint, bool) {
	switch {
	case string(text) == "primary":
		return hint{to: primary}, true
	case string(text) == "replica":
		return hint{to: replica}, true
	}
	name, ok := bytes.CutPrefix(text, []byte("pool="))
	if !ok || len(name) == 0 || len(name) > maxHint || bytes.ContainsAny(name, " \t\r\n;,=") {
		return hint{}, false
	}
	return hint{named, name}, true
}

func trim(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }
