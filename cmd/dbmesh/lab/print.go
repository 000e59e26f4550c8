package lab

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/core"
)

// widthOfNames is how many characters of a case's name are shown.
const widthOfNames = 46

// Printer writes what trials came to, for people.
type Printer struct {
	Out  io.Writer
	Path string // of the cases

	passed, failed int
	memory         core.Size // the most that an instance had
	load           time.Duration
	cached         bool
	cacheable      bool   // at least one verdict is
	refused        string // why the filter of the case before was refused
}

// Head writes what is tested.
func (p *Printer) Head(s *Subject) {
	fmt.Fprintf(p.Out, "%s: %s\n\n", s.Path, Bytes(len(s.Source.Module)))
	fmt.Fprintf(p.Out, "%-4s  %-*s  %-16s  %9s  %8s\n", "", widthOfNames, "case", "verdict", "fuel", "time")
}

// Trial writes one case.
func (p *Printer) Trial(t *Trial) {
	mark := "ok"
	if t.Passed() {
		p.passed++
	} else {
		mark = "FAIL"
		p.failed++
	}
	p.memory = max(p.memory, t.Memory)
	if t.Report != nil {
		p.load, p.cached = t.Report.Load, t.Report.Cached
	}
	if len(t.Steps) == 1 {
		p.row(mark, t.Case.Name, t.Steps[0].Outcome)
		p.wrong(t.Steps[0].Step.Line, t.Steps[0].Wrong)
	} else {
		fmt.Fprintf(p.Out, "%-4s  %s\n", mark, shown(t.Case.Name, 2*widthOfNames))
		for i, s := range t.Steps {
			name := s.Step.SQL
			if name == "" {
				name = s.Step.Hook.String()
			}
			p.row("", "  "+strconv.Itoa(i+1)+"  "+name, s.Outcome)
			p.wrong(s.Step.Line, s.Wrong)
		}
	}
	if t.Err != nil && t.Err.Error() == p.refused {
		t.Wrong = []string{"the filter is refused as before"}
	}
	if p.refused = ""; t.Err != nil {
		p.refused = t.Err.Error()
	}
	p.wrong(t.Case.Line, t.Wrong)
}

func (p *Printer) row(mark, name string, o *Outcome) {
	verdict := o.Tell()
	if o.Cacheable {
		verdict += " *"
		p.cacheable = true
	}
	fuel, took := "-", "-"
	if o.Asked > 0 {
		fuel, took = strconv.FormatUint(o.Fuel, 10), Duration(o.Took)
	}
	name = shown(name, widthOfNames)
	pad := strings.Repeat(" ", widthOfNames-utf8.RuneCountInString(name))
	fmt.Fprintf(p.Out, "%-4s  %s%s  %-16s  %9s  %8s\n", mark, name, pad, shown(verdict, 40), fuel, took)
}

func (p *Printer) wrong(line int, all []string) {
	for i, one := range all {
		where := strings.Repeat(" ", len(p.Path)+len(strconv.Itoa(line))+2)
		if i == 0 {
			where = fmt.Sprintf("%s:%d:", p.Path, line)
		}
		fmt.Fprintf(p.Out, "      %s %s\n", where, shown(one, 2000))
	}
}

// Foot writes the sum.
func (p *Printer) Foot() {
	how := "compiled"
	if p.cached {
		how = "machine code from the cache"
	}
	if p.memory > 0 {
		fmt.Fprintf(p.Out, "\n%s of memory an instance at most; loaded in %s (%s)", Bytes(int(p.memory)), Duration(p.load), how)
	}
	if p.cacheable {
		fmt.Fprint(p.Out, "\n* is a cacheable verdict: equal statements get it without the filter being asked again")
	}
	fmt.Fprintf(p.Out, "\n%d passed, %d failed\n", p.passed, p.failed)
}

// shown is a text on one line of at most so many characters, with nothing that steers a
// terminal.
func shown(text string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if r == '\n' || r == '\t' || r == '\r' {
			r = ' '
		}
		if !unicode.IsPrint(r) {
			r = '?'
		}
		if n++; n > most-3 && utf8.RuneCountInString(text) > most {
			b.WriteString("...")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Bytes writes a number of bytes for people.
func Bytes(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// Duration writes a time for people, with three digits at most.
func Duration(d time.Duration) string {
	unit := time.Nanosecond
	switch {
	case d >= 10*time.Second:
		unit = time.Second
	case d >= time.Second:
		unit = 100 * time.Millisecond
	case d >= 10*time.Millisecond:
		unit = time.Millisecond
	case d >= time.Millisecond:
		unit = 100 * time.Microsecond
	case d >= 10*time.Microsecond:
		unit = time.Microsecond
	case d >= time.Microsecond:
		unit = 100 * time.Nanosecond
	}
	return d.Round(unit).String()
}
