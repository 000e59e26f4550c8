package dialogue

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
)

// Recording is a dialogue as a server once had it, to be replayed without one.
type Recording struct {
	Title string
	Caps  wire.Caps // as agreed
	Said  Transcript
}

// Save writes recordings in the notation of the corpus: a line for each frame, with its
// side, its sequence number, its mask and its payload.
func Save(path string, all []Recording) error {
	var b []byte
	b = append(b, "# Recorded by go test ./tests/equality -update; see tests/equality/README.md.\n"...)
	for _, r := range all {
		b = fmt.Appendf(b, "== %s %#x closed=%t\n", r.Title, uint64(r.Caps), r.Said.Closed)
		for _, f := range r.Said.Frames {
			b = f.line(b)
		}
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return fmt.Errorf("save recordings: %w", err)
	}
	return nil
}

func (f *Frame) line(b []byte) []byte {
	side := '>'
	if f.FromServer {
		side = '<'
	}
	mask := f.Mask
	if mask == "" {
		mask = "-"
	}
	b = fmt.Appendf(b, "%c %d %s ", side, f.Seq, mask)
	return append(AppendText(b, f.Payload), '\n')
}

// Recordings reads what Save wrote.
func Recordings(path string) ([]Recording, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	var all []Recording
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "== "):
			var r Recording
			var caps uint64
			if _, err := fmt.Sscanf(line, "== %s %v closed=%t", &r.Title, &caps, &r.Said.Closed); err != nil {
				return nil, fmt.Errorf("recordings %s line %d: %w", path, number, err)
			}
			r.Caps = wire.Caps(caps)
			all = append(all, r)
		case len(all) == 0:
			return nil, fmt.Errorf("recordings %s line %d: a frame before the first dialogue", path, number)
		default:
			f, err := parseFrame(line)
			if err != nil {
				return nil, fmt.Errorf("recordings %s line %d: %w", path, number, err)
			}
			said := &all[len(all)-1].Said
			said.Frames = append(said.Frames, f)
		}
	}
	return all, nil
}

func parseFrame(line string) (f Frame, err error) {
	words := strings.SplitN(line, " ", 4)
	if len(words) != 4 {
		return f, fmt.Errorf("%.40q is no frame", line)
	}
	f.FromServer = words[0] == "<"
	seq, err := strconv.ParseUint(words[1], 10, 8)
	if err != nil {
		return f, err
	}
	f.Seq = byte(seq)
	if words[2] != "-" {
		f.Mask = words[2]
	}
	f.Payload, err = Text(words[3])
	return f, err
}
