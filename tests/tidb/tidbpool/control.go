package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// answer is one JSON line on standard output.
type answer struct {
	Ready []address `json:"ready,omitempty"`
	Done  string    `json:"done,omitempty"`
	Error string    `json:"error,omitempty"`
}

type replier struct{ out *json.Encoder }

func newReplier(w io.Writer) replier { return replier{out: json.NewEncoder(w)} }

// send drops the encoder's error: a reader that is gone ends the process by
// closing standard input, not by a failed write.
func (r replier) send(a answer) { _ = r.out.Encode(a) }

// obey runs one command a line, one at a time, until the input ends. The answer
// to a drain comes when the front end's last connection is closed.
func obey(in io.Reader, p *pool, reply replier) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if err := run(p, strings.Fields(line)); err != nil {
			reply.send(answer{Error: err.Error()})
			continue
		}
		reply.send(answer{Done: line})
	}
}

func run(p *pool, words []string) error {
	if len(words) < 2 {
		return fmt.Errorf("want a verb and the number of a front end, got %q", words)
	}
	i, err := strconv.Atoi(words[1])
	if err != nil || i < 0 || i >= len(p.ends) {
		return fmt.Errorf("no front end %q", words[1])
	}
	switch words[0] {
	case "start":
		return p.start(i)
	case "drain":
		wait := 0
		if len(words) > 2 {
			if wait, err = strconv.Atoi(words[2]); err != nil || wait < 0 {
				return fmt.Errorf("%q is not a number of seconds", words[2])
			}
		}
		return p.drain(i, wait)
	}
	return fmt.Errorf("unknown verb %q", words[0])
}
