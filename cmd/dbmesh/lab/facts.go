package lab

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// facts finds the facts of statements. dbmesh remembers a cacheable verdict by the facts that
// equal statements share, so which facts are handed out says whether it can.
type facts struct {
	lab  *Lab
	seen map[string]*core.Facts // by shape
	// fresh gives each statement facts of its own: each is asked about.
	fresh bool
	// plain leaves it to the cache of facts, as in a proxy.
	plain bool
	// fixed, if there are any, are given for every statement: finding them is not measured.
	fixed *core.Facts
}

func (k *facts) find(c *core.Command) *core.Facts {
	if k.fixed != nil {
		return k.fixed
	}
	f := k.lab.facts.Classify(k.lab.mode, c.SQL, c.Truncated())
	if k.plain {
		return f
	}
	if k.fresh {
		own := *f
		return &own
	}
	// A proxy's cache gives equal statements the same facts once it has seen two of them. Here
	// it is so from the first, so that what is remembered does not depend on what ran before.
	shape := string(stmt.AppendNormal(nil, c.SQL, k.lab.mode))
	if known := k.seen[shape]; known != nil && known.Opaque == f.Opaque && known.Digest == f.Digest {
		return known
	}
	if k.seen == nil {
		k.seen = map[string]*core.Facts{}
	}
	k.seen[shape] = f
	return f
}

// unnamed are the facts without a digest, by which nothing is remembered.
func unnamed(f *core.Facts) *core.Facts {
	other := *f
	other.Digest, other.Parts = "", nil
	for _, p := range f.Parts {
		other.Parts = append(other.Parts, unnamed(p))
	}
	return &other
}

// variants are texts with other literals that dbmesh takes for the same statement.
func (l *Lab) variants(sql []byte) [][]byte {
	f := l.facts.Classify(l.mode, sql, false)
	if f.Opaque || f.Digest == "" {
		return nil
	}
	var all [][]byte
	for _, with := range []struct{ number, text string }{{"424242", "zq'  7"}, {"0", ""}, {"1", "admin"}} {
		var out []byte
		for lexer := stmt.NewLexer(sql, l.mode); ; {
			t, ok := lexer.Next()
			if !ok {
				break
			}
			text := t.Text(sql)
			switch {
			case t.Kind == stmt.Number:
				out = append(out, with.number...)
			case t.Kind == stmt.String && len(text) > 1 && text[0] == '\'':
				out = append(append(append(out, '\''), quoteless(with.text)...), '\'')
			default:
				out = append(out, text...)
			}
		}
		other := l.facts.Classify(l.mode, out, false)
		if string(out) != string(sql) && other.Digest == f.Digest && !other.Opaque {
			all = append(all, out)
		}
	}
	return all
}

// quoteless doubles quotes, as they are written in a string.
func quoteless(s string) string {
	out := ""
	for _, r := range s {
		if r == '\'' {
			out += "'"
		}
		out += string(r)
	}
	return out
}
