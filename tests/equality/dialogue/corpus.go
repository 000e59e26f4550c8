package dialogue

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
)

// Dialogue is one conversation under one mix of capabilities.
type Dialogue struct {
	Name    string // of the dialogue in its file
	Variant string // of the capabilities
	File    string // base name of the corpus file without its ending
	Servers []string
	User    string    // who plays it, "" for anybody
	Schema  string    // at login: "" for the usual one, "none" for none
	Charset byte      // collation at login, 0 for the usual one
	Caps    wire.Caps // as the client asks for them
	Fresh   bool      // wants a schema of its own, empty; else it must leave nothing behind
	Large   bool      // moves many megabytes
	Steps   []Step
}

// Title names the dialogue and its variant.
func (d *Dialogue) Title() string { return d.Name + "/" + d.Variant }

// On says whether the dialogue is for the flavour of server.
func (d *Dialogue) On(flavour string) bool { return slices.Contains(d.Servers, flavour) }

// Step is one thing to do, mostly a command.
type Step struct {
	Line   int
	Verb   string
	Arg    string
	Files  [][]string // packets for each LOAD DATA LOCAL that the command brings
	Behind []Step     // commands that are sent together with the last file's end
	Mask   string     // of the server's answer
	Split  int        // bytes per write, 0 for all at once
	Group  int        // steps of one number are sent together; 0 for alone
}

// Load reads every file of a corpus.
func Load(dir string) ([]*Dialogue, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no corpus in %s: %w", dir, err)
	}
	var all []*Dialogue
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("corpus: %w", err)
		}
		some, err := Parse(strings.TrimSuffix(filepath.Base(file), ".txt"), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, unique(all)
}

func unique(all []*Dialogue) error {
	seen := map[string]string{}
	for _, d := range all {
		if other, ok := seen[d.Title()]; ok {
			return fmt.Errorf("corpus: %s is in %s and in %s", d.Title(), other, d.File)
		}
		seen[d.Title()] = d.File
	}
	return nil
}

// parser reads one file.
type parser struct {
	file  string
	all   []*Dialogue // one per variant
	now   []*Dialogue // the variants of the dialogue at hand
	steps []Step
	next  Step // what mask and split say of the next step
	group int
	open  bool // inside a pipeline
}

// Parse reads the text of one corpus file. A dialogue comes once per variant.
func Parse(file, text string) ([]*Dialogue, error) {
	p := &parser{file: file}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if err := p.line(number, strings.TrimRight(line, "\r\n")); err != nil {
			return nil, fmt.Errorf("corpus %s line %d: %w", file, number, err)
		}
	}
	p.finish()
	return p.all, nil
}

func (p *parser) line(number int, line string) error {
	switch {
	case strings.TrimSpace(line) == "" || line[0] == '#':
		return nil
	case strings.HasPrefix(line, "== "):
		p.finish()
		return p.header(strings.Fields(line[3:]))
	case p.now == nil:
		return fmt.Errorf("a step before the first dialogue")
	case line[0] == ' ':
		return p.below(number, strings.TrimLeft(line, " "))
	}
	verb, arg, _ := strings.Cut(line, " ")
	var err error
	switch verb {
	case "pipeline":
		p.group++
		p.open = true
	case "end":
		p.open = false
	case "mask":
		p.next.Mask = arg
	case "split":
		p.next.Split, err = strconv.Atoi(arg)
	default:
		s := p.next
		p.next = Step{}
		s.Line, s.Verb, s.Arg = number, verb, arg
		if p.open {
			s.Group = p.group
		}
		p.steps = append(p.steps, s)
	}
	return err
}

// below adds a line about a LOAD DATA LOCAL's file to the step before it.
func (p *parser) below(number int, line string) error {
	if len(p.steps) == 0 {
		return fmt.Errorf("a file before the first step")
	}
	s := &p.steps[len(p.steps)-1]
	verb, arg, _ := strings.Cut(line, " ")
	switch verb {
	case "file":
		s.Files = append(s.Files, nil)
	case "packet":
		if len(s.Files) == 0 {
			return fmt.Errorf("a packet before its file")
		}
		last := &s.Files[len(s.Files)-1]
		*last = append(*last, arg)
	case "behind":
		verb, arg, _ = strings.Cut(arg, " ")
		s.Behind = append(s.Behind, Step{Line: number, Verb: verb, Arg: arg})
	default:
		return fmt.Errorf("%q is neither file nor packet nor behind", verb)
	}
	return nil
}

// header reads what stands behind "==": a name, then servers=a,b variants=a,b caps=+a,-b
// user=a schema=a charset=n and the words fresh and large.
func (p *parser) header(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("a dialogue without a name")
	}
	d := Dialogue{Name: words[0], File: p.file, Servers: []string{"mariadb", "tidb"}}
	mixes, changes := []string{"modern", "classic"}, ""
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "servers":
			d.Servers = strings.Split(value, ",")
		case "variants":
			mixes = strings.Split(value, ",")
		case "caps":
			changes = value
		case "user":
			d.User = value
		case "schema":
			d.Schema = value
		case "charset":
			n, err := strconv.ParseUint(value, 10, 8)
			if err != nil {
				return err
			}
			d.Charset = byte(n)
		case "fresh":
			d.Fresh = true
		case "large":
			d.Large = true
		default:
			return fmt.Errorf("unknown word %q", w)
		}
	}
	for _, mix := range mixes {
		one := d
		one.Variant = mix
		caps, ok := variants[mix]
		if !ok {
			return fmt.Errorf("unknown variant %q", mix)
		}
		var err error
		if one.Caps, err = alter(caps, changes); err != nil {
			return err
		}
		p.now = append(p.now, &one)
	}
	return nil
}

// finish ends the dialogue at hand. Each ends with a ping, so that bytes which nobody
// expected are noticed, and the farewell.
func (p *parser) finish() {
	for _, d := range p.now {
		d.Steps = append(slices.Clone(p.steps), Step{Verb: "ping"}, Step{Verb: "quit"})
	}
	p.all = append(p.all, p.now...)
	p.now, p.steps, p.next, p.open = nil, nil, Step{}, false
}
