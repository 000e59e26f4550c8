package lab

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// Inspect writes what is in a filter, and gives why a proxy would not take it; nil if it would.
// Keys are those that a signature is compared with.
func (l *Lab) Inspect(ctx context.Context, s *Subject, keys []ed25519.PublicKey, out io.Writer) error {
	run, refusal := l.load(ctx, s, Options{}, keys)
	if refusal == nil {
		defer run.Close()
	}
	r := run.Report
	m := r.Module
	if m == nil { // it was refused before the module was read
		m, _ = module.Read(s.Source.Module, module.CapsFor(s.Source.Module))
	}
	fmt.Fprintf(out, "%s\n\n", s.Path)
	line := func(name, format string, args ...any) { row(out, name, fmt.Sprintf(format, args...)) }
	line("size", "%s, sha256 %s", Bytes(len(s.Source.Module)), r.Hash)
	about(line, s, r)
	if run.filter != nil {
		line("hooks", "%s", orNone(r.Hooks))
		if r.WantsParams {
			line("", "it reads the parameters of executes")
		}
		if passesPrepared(r.Hooks) {
			line("", "prepared statements pass by it: they need on_prepare or on_execute")
		}
	}
	if m != nil {
		imported(line, m)
		line("code", "functions %s, loops %s; fuel is counted in %s places", number(m.Functions), number(m.Loops), number(m.Charges))
		segments := fmt.Sprintf("%s segments", number(len(m.Segments)))
		if len(m.Segments) == 1 {
			segments = "1 segment"
		}
		line("data", "%s of %s together", segments, Bytes(m.DataBytes))
		line("memory", "%s", memory(m, run))
		for _, c := range m.Customs {
			line("section", "%s, %s", c.Name, Bytes(c.Length))
		}
	}
	if run.filter != nil {
		how := "compiled and started in " + Duration(r.Load)
		if r.Cached {
			how = "started in " + Duration(r.Load) + " with machine code from the cache"
		}
		line("load", "%s", how)
		if r.Cases > 0 {
			line("cases", "%d of the manifest passed", r.Cases)
		}
		line("taken", "yes")
	} else {
		name := "refused"
		for reason := range strings.SplitSeq(refusal.Error(), "\n") {
			line(name, "%s", reason)
			name = ""
		}
	}
	return refusal
}

// passesPrepared says that a filter judges statements that are sent as text only, which is
// rarely meant.
func passesPrepared(hooks []string) bool {
	has := func(h abi.Hook) bool { return slices.Contains(hooks, h.String()) }
	return has(abi.HookQuery) && !has(abi.HookPrepare) && !has(abi.HookExecute)
}

// row writes one line, longer ones with what follows below.
func row(out io.Writer, name, text string) {
	const width = 86
	for i, part := range wrap(text, width) {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(out, "  %-13s %s\n", name, part)
	}
}

// wrap breaks a text at its blanks.
func wrap(text string, width int) []string {
	var lines []string
	at := ""
	for _, word := range strings.Fields(shown(text, 4000)) {
		if at != "" && len(at)+1+len(word) > width {
			lines = append(lines, at)
			at = ""
		}
		if at != "" {
			at += " "
		}
		at += word
	}
	return append(lines, at)
}

// about tells of manifest, signature and settings.
func about(line func(string, string, ...any), s *Subject, r *wasm.Report) {
	where := "beside the module"
	if _, inside := module.Section(s.Source.Module, abi.ManifestSection); inside {
		where = "in the module"
	}
	switch m := s.Manifest; {
	case m != nil:
		line("manifest", "%s: %s", where, strings.TrimSpace(m.Name+" "+m.Version))
		if m.Description != "" {
			line("", "%s", m.Description)
		}
		for _, name := range slices.Sorted(maps.Keys(m.Config)) {
			f := m.Config[name]
			text := name + ", " + cmp.Or(f.Type, "any")
			if f.Of != "" {
				text += " of " + f.Of
			}
			if f.Required {
				text += ", required"
			}
			if f.Default != nil {
				text += fmt.Sprintf(", by default %v", f.Default)
			}
			if f.Doc != "" {
				text += ": " + f.Doc
			}
			line("setting", "%s", text)
		}
		line("asks for", "%s", orNone(m.Asks()))
	default:
		line("manifest", "none: it gets sql, log and what else the config grants")
	}
	_, inside := module.Section(s.Source.Module, abi.SignatureSection)
	switch {
	case r.Signed != "":
		line("signature", "by the key %s", r.Signed)
	case inside:
		line("signature", "in the module; --keys FILE says whose it is")
	case s.Source.Signature != nil:
		line("signature", "beside the module; --keys FILE says whose it is")
	default:
		line("signature", "none")
	}
}

// imported tells which host functions it uses, by the capability that each needs.
func imported(line func(string, string, ...any), m *module.Module) {
	of := map[string]string{}
	for _, f := range abi.Functions() {
		of[f.Name] = cmp.Or(f.Capability, "always there")
	}
	uses := map[string][]string{}
	for _, i := range m.Imports {
		group := i.Module
		if i.Module == abi.Module {
			group = cmp.Or(of[i.Name], "unknown")
		}
		uses[group] = append(uses[group], i.Name)
	}
	for i, group := range slices.Sorted(maps.Keys(uses)) {
		name := ""
		if i == 0 {
			name = "imports"
		}
		slices.Sort(uses[group])
		line(name, "%s: %s", group, strings.Join(uses[group], ", "))
	}
	if len(uses) == 0 {
		line("imports", "none: it knows the facts and nothing else")
	}
}

func memory(m *module.Module, run *Run) string {
	text := Bytes(int(m.Memory.Min)<<16) + " at first"
	if m.Memory.Bounded {
		text += ", " + Bytes(int(m.Memory.Max)<<16) + " at most"
	}
	if run.filter != nil {
		text += fmt.Sprintf("; %s once it is configured", Bytes(int(run.Report.Start)))
	}
	return text
}

func orNone(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

// number writes thousands apart.
func number(n int) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
