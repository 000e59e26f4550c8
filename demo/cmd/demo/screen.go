package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/demo/backends"
)

// The widths of the table's columns.
const (
	userWidth    = 10
	linksWidth   = 62
	backendWidth = 9
	timeWidth    = 8
	replyWidth   = 40
	lineWidth    = 120
)

// screen prints, in colour if it is a terminal.
type screen struct {
	w     io.Writer
	color bool
}

func newScreen(f *os.File) *screen {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{w: f, color: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (o *screen) line(text string) { fmt.Fprintln(o.w, text) }

// paint wraps text that has its final width already.
func (o *screen) paint(code, text string) string {
	if !o.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (o *screen) dim(text string) { o.line(o.paint("2", text)) }

func (o *screen) title(text string) { o.line("\n" + o.paint("1", text)) }

func (o *screen) heading(s *sidecar, set *backends.Set) {
	o.line(o.paint("1", "dbmesh") + " listens on " + s.client + " and has read " + s.config)
	o.line("")
	o.line("  application --> dbmesh: auth -> router -> balancer -> slow-log --> writers  " + named(set.Writer))
	for i, r := range set.Readers {
		lead := strings.Repeat(" ", 68)
		if i == 0 {
			lead += "`-> readers  "
		} else {
			lead += "             "
		}
		o.line(lead + named(r))
	}
	o.line("")
	o.dim("  " + pad("client", userWidth) + "command")
	o.dim("  " + pad("", userWidth) + pad("links and their verdicts", linksWidth) + pad("backend", backendWidth) +
		padLeft("time", timeWidth) + "  reply")
}

func named(b backends.Backend) string { return b.Name + " " + b.Addr }

// command prints what the client sent, what happened to it, and why it went there.
func (o *screen) command(e entry, what string, links []passed, reply, because string) {
	o.line("  " + o.paint("36", pad(e.User, userWidth)) + shorten(what, lineWidth-userWidth))
	backend := e.Backend
	if backend == "" {
		backend = "-"
	}
	took := ""
	if e.Total > 0 {
		took = seconds(e.Total)
	}
	painted := "32"
	if e.Error != "" {
		painted = "31"
	}
	happened := "  " + pad("", userWidth) + o.verdicts(links) + pad(backend, backendWidth) + padLeft(took, timeWidth)
	if len(reply) <= replyWidth {
		o.line(happened + "  " + o.paint(painted, reply))
	} else {
		o.line(happened)
		o.line("  " + pad("", userWidth) + o.paint(painted, reply))
	}
	if because != "" {
		o.dim("  " + pad("", userWidth) + shorten(because, lineWidth-userWidth))
	}
}

// verdicts gives the links with their verdicts, padded to the column's width.
func (o *screen) verdicts(links []passed) string {
	var parts []string
	width := 0
	for _, p := range links {
		text := p.link + " " + p.verdict
		if p.took > 0 {
			text += " " + short(p.took)
		}
		width += len([]rune(text)) + 3
		code := "2"
		if p.verdict == "deny" || p.verdict == "broke" {
			code = "31"
		}
		parts = append(parts, o.paint(code, text))
	}
	return strings.Join(parts, " > ") + strings.Repeat(" ", max(linksWidth-max(width-3, 0), 1))
}

// live prints a command of somebody else, as dbmesh's slow-log tells it, and why it went
// where it went.
func (o *screen) live(e entry, because string) {
	reply := fmt.Sprintf("%d rows", e.Rows)
	switch {
	case e.Error != "":
		reply = fmt.Sprintf("error %d: %s", e.Number, e.Error)
	case e.Changed > 0:
		reply = fmt.Sprintf("%d changed", e.Changed)
	case e.Rows == 0:
		reply = "ok"
	case e.Rows == 1:
		reply = "1 row"
	}
	what := e.SQL
	if what == "" || e.Code != "query" {
		what = strings.TrimSpace(e.Code + " " + what)
	}
	o.command(e, what, []passed{
		{link: "filters", verdict: short(duration(e.Filters))},
		{link: "backend", verdict: short(duration(e.Served))},
	}, reply, because)
}

func (o *screen) invitation(s *sidecar) {
	host, port, err := net.SplitHostPort(s.client)
	if err != nil {
		host, port = s.client, ""
	}
	o.title("Now you. Paste one of these into another terminal, and watch here:")
	o.line(fmt.Sprintf("  mariadb --skip-ssl --comments -h %s -P %s -u demo -pdemo shop", host, port))
	o.line(fmt.Sprintf("  mysql --comments -h %s -P %s -u demo -pdemo shop", host, port))
	o.line("")
	o.line("  bin/dbmesh explain 'SELECT * FROM orders FOR UPDATE'   says what is known of a statement")
	o.line("  http://" + s.admin + "/metrics          http://" + s.admin + "/api/v1/backends")
	o.line("  Change " + s.config + ", and the next command runs on the new chain.")
	o.line("  Ctrl-C drains and ends.")
	o.line("")
}

func seconds(s float64) string { return short(duration(s)) }

func duration(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// short gives a time three digits at most.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	case d >= 10*time.Microsecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return fmt.Sprintf("%.1f µs", d.Seconds()*1e6)
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-len([]rune(s)), 1))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(width-len([]rune(s)), 0)) + s
}

// shorten makes one line of at most width characters.
func shorten(s string, width int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > width {
		return string(r[:width-3]) + "..."
	}
	return s
}
