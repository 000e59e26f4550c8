package dialogue

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// kind is what the answer to a command looks like.
type kind uint8

const (
	status   kind = iota // one OK, ERR or EOF
	result               // results, until no more follow
	cursor               // likewise, but a cursor may take the rows' place
	prepare              // the answer to a prepare
	rows                 // rows to their end
	single               // one packet of any form
	none                 // nothing
	closing              // the server closes the connection
	farewell             // it does so by itself, perhaps with a reason
	change               // an authentication exchange
	quietly              // likewise, of which only the end is kept
)

// simple are the commands whose argument is text, or none.
var simple = map[string]struct {
	code byte
	kind kind
}{
	"quit": {0x01, closing}, "init-db": {0x02, status}, "query": {0x03, result},
	"create-db": {0x05, status}, "drop-db": {0x06, status}, "statistics": {0x09, single},
	"process-info": {0x0a, result}, "debug": {0x0d, status}, "ping": {0x0e, status},
	"prepare": {0x16, prepare}, "reset-connection": {0x1f, status},
}

// command makes the payload of a step's command.
func (p *player) command(s Step) (payload []byte, k kind, err error) {
	if c, ok := simple[s.Verb]; ok {
		// {c^N} fills the payload, so the command's byte must be among what it counts.
		payload, err = Text(fmt.Sprintf(`\x%02x`, c.code) + s.Arg)
		return payload, c.kind, err
	}
	switch s.Verb {
	case "field-list":
		table, wild, _ := strings.Cut(s.Arg, " ")
		return append(append([]byte{0x04}, table...), "\x00"+wild...), rows, nil
	case "process-kill":
		payload, err = number([]byte{0x0c}, s.Arg, 4)
		return payload, status, err
	case "refresh":
		payload, err = number([]byte{0x07}, s.Arg, 1)
		return payload, status, err
	case "set-option":
		payload, err = number([]byte{0x1b}, s.Arg, 2)
		return payload, status, err
	case "execute":
		payload, err = p.execute(s.Arg)
		return payload, cursor, err
	case "bulk":
		payload, err = p.bulk(s.Arg)
		return payload, result, err
	case "long":
		payload, err = p.long(s.Arg)
		return payload, none, err
	case "fetch":
		payload, err = number(p.statement(0x1c, s.Arg), last(s.Arg), 4)
		return payload, rows, err
	case "close":
		return p.statement(0x19, s.Arg), none, nil
	case "reset-statement":
		return p.statement(0x1a, s.Arg), status, nil
	case "change-user":
		payload, err = p.changeUser(s.Arg, false)
		return payload, change, err
	case "change-user-usual":
		payload, err = p.changeUser(s.Arg, true)
		return payload, quietly, err
	case "raw":
		return raw(s.Arg)
	}
	return nil, 0, fmt.Errorf("unknown step %q", s.Verb)
}

// raw reads "HEX -> KIND".
func raw(arg string) ([]byte, kind, error) {
	digits, as, _ := strings.Cut(arg, "->")
	payload, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	kinds := map[string]kind{"status": status, "result": result, "rows": rows, "prepare": prepare,
		"single": single, "none": none, "closing": closing, "cursor": cursor}
	k, ok := kinds[strings.TrimSpace(as)]
	if !ok {
		return nil, 0, fmt.Errorf("unknown kind of answer %q", as)
	}
	return payload, k, err
}

func number(b []byte, text string, width int) ([]byte, error) {
	n, err := strconv.ParseUint(text, 10, 8*width)
	var all [8]byte
	binary.LittleEndian.PutUint64(all[:], n)
	return append(b, all[:width]...), err
}

func last(arg string) string {
	words := strings.Fields(arg)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// statement begins a command about a prepared statement: "@N" at the front of its argument
// names the N-th one prepared in this dialogue, the last if there is none; "@-1" is the id
// by which MariaDB means the last, "@99" one that does not exist.
func (p *player) statement(code byte, arg string) []byte {
	id := uint32(0)
	if len(p.ids) > 0 {
		id = p.ids[len(p.ids)-1]
	}
	if first, _, _ := strings.Cut(arg, " "); strings.HasPrefix(first, "@") {
		n, _ := strconv.Atoi(first[1:])
		switch {
		case n == -1:
			id = 0xffffffff
		case n >= 1 && n <= len(p.ids):
			id = p.ids[n-1]
		default:
			id = 987654
		}
	}
	return binary.LittleEndian.AppendUint32([]byte{code}, id)
}

// long reads "[@N] PARAMETER TEXT".
func (p *player) long(arg string) ([]byte, error) {
	b := p.statement(0x18, arg)
	if strings.HasPrefix(arg, "@") {
		_, arg, _ = strings.Cut(arg, " ")
	}
	param, text, _ := strings.Cut(arg, " ")
	b, err := number(b, param, 2)
	if err != nil {
		return nil, err
	}
	// Where {c^N} fills, the command's head counts.
	head := ""
	for _, c := range b {
		head += fmt.Sprintf(`\x%02x`, c)
	}
	return Text(head + text)
}
