package servers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// answer is one JSON line that tidbpool prints.
type answer struct {
	Ready []struct {
		SQL    string `json:"sql"`
		Status string `json:"status"`
	} `json:"ready"`
	Done  string `json:"done"`
	Error string `json:"error"`
}

// answers is the standard output of one run of tidbpool: lines go in, from the
// goroutine that copies them, and answers come out. Lines that are no answer,
// and all of standard error, go to the log.
type answers struct {
	log     string
	partial []byte
	out     chan answer
}

func newAnswers(log string) *answers {
	return &answers{log: log, out: make(chan answer, 16)}
}

// Write never fails and never waits: an answer that nobody takes is dropped once
// 16 are waiting.
func (a *answers) Write(b []byte) (int, error) {
	a.partial = append(a.partial, b...)
	for {
		line, rest, found := bytes.Cut(a.partial, []byte("\n"))
		if !found {
			return len(b), nil
		}
		a.partial = rest
		var one answer
		if json.Unmarshal(line, &one) != nil {
			a.keep(append(line, '\n'))
			continue
		}
		select {
		case a.out <- one:
		default:
		}
	}
}

func (a *answers) next(ctx context.Context) (answer, error) {
	select {
	case one := <-a.out:
		return one, nil
	case <-ctx.Done():
		return answer{}, fmt.Errorf("no answer: %w", ctx.Err())
	}
}

type writer func([]byte) (int, error)

// Write calls the function.
func (w writer) Write(b []byte) (int, error) { return w(b) }

func (a *answers) stderr() io.Writer {
	return writer(func(b []byte) (int, error) {
		a.keep(b)
		return len(b), nil
	})
}

func (a *answers) keep(text []byte) {
	f, err := os.OpenFile(a.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	_, _ = f.Write(text)
	_ = f.Close()
}
