package lab

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/core"
)

// compare says in sentences what is not as the step wants it.
func compare(st *cases.Step, o *Outcome) []string {
	w := &st.Want
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	switch {
	case o.Fault != "" && w.Verdict != "fault":
		say("the filter broke: %s", o.Fault)
		return append(wrong, traces(o)...)
	case w.Verdict != "" && w.Verdict != o.Verdict && (w.Verdict != "mask" || len(o.Masks) == 0) && (w.Verdict != "route" || o.Pool+o.Backend == ""):
		say("the verdict is %s, want %s", o.Tell(), w.Verdict)
		return wrong
	}
	if o.Err != nil {
		if w.Code != 0 && o.Err.Code != w.Code {
			say("the error is %d, want %d", o.Err.Code, w.Code)
		}
		if w.State != "" && o.Err.State != w.State {
			say("the error's state is %s, want %s", o.Err.State, w.State)
		}
	}
	message := o.Fault
	if o.Err != nil {
		message = o.Err.Message
	}
	if !strings.Contains(message, w.Message) {
		say("the message is %q, which has no %q", message, w.Message)
	}
	if w.SQL != nil && string(o.Rewrite) != *w.SQL {
		say("the statement becomes %q, want %q", o.Rewrite, *w.SQL)
	}
	if w.Pool != "" && o.Pool != w.Pool && (o.Pool != "" || st.Session.Pool != w.Pool) {
		say("the route leads to the pool %q, want %q", o.Pool, w.Pool)
	}
	if w.Backend != "" && o.Backend != w.Backend {
		say("the route leads to the backend %q, want %q", o.Backend, w.Backend)
	}
	if w.Reply != nil && o.Reply != nil {
		wrong = append(wrong, compareReply(w, o.Reply)...)
	}
	if w.Masks != nil {
		wrong = append(wrong, compareMasks(w.Masks, o.Masks, st.Answer.Columns)...)
	}
	if w.Cacheable != nil && *w.Cacheable != o.Cacheable {
		say("the verdict is %s, want %s", cacheable(o.Cacheable), cacheable(*w.Cacheable))
	}
	for _, part := range w.Log {
		if !slices.ContainsFunc(o.Log, func(line string) bool { return strings.Contains(line, part) }) {
			say("no line of the log has %q; there are %q", part, o.Log)
		}
	}
	if st.MaxFuel > 0 && o.Fuel > st.MaxFuel {
		say("a hook used %d of fuel, more than the max_fuel of %d", o.Fuel, st.MaxFuel)
	}
	return wrong
}

func cacheable(is bool) string {
	if is {
		return "cacheable"
	}
	return "not cacheable"
}

// traces are the lines in which dbmesh tells why a guest broke.
func traces(o *Outcome) []string {
	var all []string
	for _, line := range o.Log {
		if _, trace, ok := strings.Cut(line, "trace="); ok && strings.TrimSpace(trace) != "" {
			all = append(all, strings.Split(strings.TrimSpace(trace), "\n")...)
		}
	}
	return all
}

func compareReply(w *cases.Want, got *core.Reply) []string {
	var wrong []string
	if w.Reply.Columns != nil && !slices.Equal(w.Reply.Columns, got.Columns) {
		wrong = append(wrong, fmt.Sprintf("the reply has the columns %q, want %q", got.Columns, w.Reply.Columns))
	}
	same := func(a, b [][]byte) bool {
		return slices.EqualFunc(a, b, func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) })
	}
	if w.Reply.Rows != nil && !slices.EqualFunc(w.Reply.Rows, got.Rows, same) {
		wrong = append(wrong, fmt.Sprintf("the reply has the rows %q, want %q", got.Rows, w.Reply.Rows))
	}
	if w.Verdict == "ok" && (w.Reply.Affected != got.Affected || w.Reply.InsertID != got.InsertID || !strings.Contains(got.Info, w.Reply.Info)) {
		wrong = append(wrong, fmt.Sprintf("the ok has %d affected, insert id %d, info %q; want %d, %d, %q",
			got.Affected, got.InsertID, got.Info, w.Reply.Affected, w.Reply.InsertID, w.Reply.Info))
	}
	return wrong
}

func compareMasks(want map[string]cases.Mask, got []core.Mask, columns []core.Column) []string {
	var wrong []string
	have := map[string]core.Mask{}
	for _, m := range got {
		have[columns[m.Column].Name] = m
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w, m := want[name], have[name]
		_, masked := have[name]
		delete(have, name)
		switch {
		case !masked:
			wrong = append(wrong, fmt.Sprintf("the column %s is not masked", name))
		case m.By != w.By:
			wrong = append(wrong, fmt.Sprintf("the column %s is masked by %s, want %s", name, maskName(m.By), maskName(w.By)))
		case w.Exact && w.By == core.MaskKeep && (m.First != w.First || m.Last != w.Last):
			wrong = append(wrong, fmt.Sprintf("the column %s keeps %d and %d characters, want %d and %d", name, m.First, m.Last, w.First, w.Last))
		case w.Exact && w.By == core.MaskConstant && string(m.Value) != w.Value:
			wrong = append(wrong, fmt.Sprintf("the column %s becomes %q, want %q", name, m.Value, w.Value))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		wrong = append(wrong, fmt.Sprintf("the column %s is masked by %s, want it as it is", name, maskName(have[name].By)))
	}
	return wrong
}

func maskName(by core.MaskBy) string {
	return [...]string{"null", "constant", "hash", "keep"}[by&3]
}

// Tell is the verdict in a few words: "deny 1105", "route to readers".
func (o *Outcome) Tell() string {
	text := o.Verdict
	if o.Verdict == "deny" || o.Verdict == "disconnect" {
		text += fmt.Sprintf(" %d", o.Err.Code)
	}
	switch {
	case o.Pool != "":
		text += " to " + o.Pool
	case o.Backend != "":
		text += " to " + o.Backend
	}
	if n := len(o.Masks); n > 0 && o.Verdict != "mask" {
		text += ", mask"
	}
	return text
}

// differs says how two outcomes differ for the client, "" if they don't.
func (o *Outcome) differs(other *Outcome) string {
	text := func(o *Outcome) string {
		s := o.Tell()
		if o.Err != nil {
			s += " " + o.Err.State + " " + fmt.Sprintf("%q", o.Err.Message)
		}
		if o.Reply != nil {
			s += fmt.Sprintf(" %q %q %d %d %q", o.Reply.Columns, o.Reply.Rows, o.Reply.Affected, o.Reply.InsertID, o.Reply.Info)
		}
		return s + " " + o.Fault
	}
	if a, b := text(o), text(other); a != b {
		return strings.TrimSpace(a) + " and " + strings.TrimSpace(b)
	}
	return ""
}
