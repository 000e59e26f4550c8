package wire_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
)

// A transcript is what a client and a real server said on one connection, as text: a line
// for each frame with who sent it ("<" the server, ">" the client), its four bytes of
// header and its payload. Payloads are quoted as in Go; "x"*9 is nine times the same.
type transcript struct {
	about     string
	caps      wire.Caps
	exchanges []exchange
}

// exchange is one command and its answer, or the login.
type exchange struct {
	name  string
	rows  int // how many the statement was written to give; -1 if that is not known
	lines []line
}

type line struct {
	from  byte
	frame []byte
}

func (l line) payload() []byte { return l.frame[wire.HeaderLen:] }

// from joins the frames of one side.
func (e exchange) from(side byte) (b []byte) {
	size := 0
	for _, l := range e.lines {
		size += len(l.frame)
	}
	b = make([]byte, 0, size)
	for _, l := range e.lines {
		if l.from == side {
			b = append(b, l.frame...)
		}
	}
	return b
}

// shortest is the length from which equal bytes are counted instead of written.
const shortest = 24

// quoted writes a payload as text.
func quoted(b []byte) string {
	var s strings.Builder
	plain := 0
	flush := func(to int) {
		if to > plain {
			s.WriteString(" " + strconv.QuoteToASCII(string(b[plain:to])))
		}
	}
	for i := 0; i < len(b); {
		run := i + 1
		for run < len(b) && b[run] == b[i] {
			run++
		}
		if run-i >= shortest {
			flush(i)
			fmt.Fprintf(&s, " %s*%d", strconv.QuoteToASCII(string(b[i:i+1])), run-i)
			plain = run
		}
		i = run
	}
	flush(len(b))
	return s.String()
}

// unquoted is the opposite of quoted.
func unquoted(s string) (b []byte, err error) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		q, err := strconv.QuotedPrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%.40s: %w", s, err)
		}
		text, err := strconv.Unquote(q)
		if err != nil {
			return nil, fmt.Errorf("%.40s: %w", s, err)
		}
		s = s[len(q):]
		if strings.HasPrefix(s, "*") {
			count, rest, _ := strings.Cut(s[1:], " ")
			n, err := strconv.Atoi(count)
			if err != nil {
				return nil, fmt.Errorf("%.40s: %w", s, err)
			}
			text, s = strings.Repeat(text, n), rest
		}
		b = append(slices.Grow(b, len(text)), text...)
	}
	return b, nil
}

func (t transcript) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "# %s\ncaps %#x\n", t.about, uint64(t.caps))
	for _, e := range t.exchanges {
		fmt.Fprintf(&s, "\n= %s\n", e.name)
		if e.rows >= 0 {
			fmt.Fprintf(&s, "rows %d\n", e.rows)
		}
		for _, l := range e.lines {
			fmt.Fprintf(&s, "%c % x%s\n", l.from, l.frame[:wire.HeaderLen], quoted(l.payload()))
		}
	}
	return s.String()
}

// frame puts the header before a payload.
func frame(header, payload []byte) []byte {
	return append(append(make([]byte, 0, len(header)+len(payload)), header...), payload...)
}

func parseTranscript(text string) (t transcript, err error) {
	for n, s := range strings.Split(text, "\n") {
		kind, rest, _ := strings.Cut(s, " ")
		last := len(t.exchanges) - 1
		switch kind {
		case "":
		case "#":
			t.about = rest
		case "caps":
			_, err = fmt.Sscanf(rest, "%v", (*uint64)(&t.caps))
		case "=":
			t.exchanges = append(t.exchanges, exchange{name: rest, rows: -1})
		case "rows":
			t.exchanges[last].rows, err = strconv.Atoi(rest)
		case "<", ">":
			var h [wire.HeaderLen]byte
			if _, err = fmt.Sscanf(rest, "%x %x %x %x", &h[0], &h[1], &h[2], &h[3]); err != nil {
				break
			}
			var p []byte
			p, err = unquoted(rest[11:])
			if err == nil && wire.PayloadLen(h[:]) != len(p) {
				err = fmt.Errorf("%d bytes of payload, the header says %d", len(p), wire.PayloadLen(h[:]))
			}
			t.exchanges[last].lines = append(t.exchanges[last].lines, line{kind[0], frame(h[:], p)})
		default:
			err = fmt.Errorf("what is %.20q?", s)
		}
		if err != nil {
			return t, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return t, nil
}

func readTranscript(t *testing.T, path string) transcript {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	said, err := parseTranscript(string(b))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if large := strings.Contains(path, "large"); !large && said.String() != string(b) {
		t.Errorf("%s does not survive being read and written", path)
	}
	return said
}

func TestPayloadsSurviveBeingQuoted(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("a"), []byte("\x00\xff\"\\ü\n"), bytes.Repeat([]byte{0}, 23), bytes.Repeat([]byte{'x'}, 24),
		append(bytes.Repeat([]byte{'"'}, 100), "ab* 3"...), append([]byte("aab"), bytes.Repeat([]byte{0xff}, 1000)...)} {
		got, err := unquoted(quoted(b))
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%q came back as %q, %v", b, got, err)
		}
	}
}
