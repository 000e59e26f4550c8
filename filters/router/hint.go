package router

import (
	"bytes"
	"errors"
)

const maxHint = 256 // bytes of a hint's comment that are looked at

var errHint = errors.New("the statement begins with a dbmesh: comment that is not /* dbmesh:pool=NAME */")

// hint reads the comment that a statement begins with. It is found if the comment says
// dbmesh:, and an error if it goes on with anything but pool=NAME: a hint with a slip of
// the pen must not send a statement to the wrong server. It makes no garbage.
func hint(sql []byte) (pool []byte, found bool, err error) {
	text, ok := bytes.CutPrefix(trim(sql), []byte("/*"))
	if !ok {
		return nil, false, nil
	}
	text, ok = bytes.CutPrefix(trim(text), []byte("dbmesh:"))
	if !ok {
		return nil, false, nil
	}
	name, ok := bytes.CutPrefix(text, []byte("pool="))
	if !ok {
		return nil, true, errHint
	}
	end := bytes.Index(name[:min(len(name), maxHint)], []byte("*/"))
	if end < 0 {
		return nil, true, errHint
	}
	name = bytes.TrimRight(name[:end], " \t\r\n")
	if len(name) == 0 || bytes.ContainsAny(name, " \t\r\n;,=") {
		return nil, true, errHint
	}
	return name, true, nil
}

func trim(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }
