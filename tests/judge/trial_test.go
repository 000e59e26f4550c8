package judge

import (
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/stmt/stmttest"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// trial is one text and the session that it is for.
type trial struct {
	from string // file and line
	text string
	settings
	gone bool // it needs what does not exist, or must not be run where it can do harm
}

func (t *trial) String() string { return fmt.Sprintf("%s: %q", t.from, t.text) }

// trials are the corpus, whatever server an entry is written for.
func trials(entries []stmttest.Entry) []*trial {
	all := make([]*trial, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		all = append(all, &trial{
			from: fmt.Sprintf("%s:%d", e.File, e.Line), text: e.SQL, gone: e.Gone,
			settings: settings{charset: e.Charset, ansi: e.ANSI, noBackslash: e.NoBackslash},
		})
	}
	return all
}

// filled is the text with a value for each marker of a statement to be prepared.
func (t *trial) filled(m stmt.Mode) string {
	var out strings.Builder
	for l := stmt.NewLexer([]byte(t.text), m); ; {
		token, ok := l.Next()
		switch {
		case !ok:
			return out.String()
		case token.Kind == stmt.Marker:
			out.WriteString("1")
		default:
			out.WriteString(t.text[token.Start:token.End])
		}
	}
}

// refusals are the errors by which a read-only server refuses a write.
var refusals = map[uint16]string{
	1290: "the server is read-only",
	1792: "the transaction is read-only",
	1836: "the server is read-only (TiDB)",
}

// finding is what running a text showed.
type finding struct {
	*trial
	err  error    // the server's, if it has one
	harm []string // what a read would not have done
}

// sit runs texts on one connection, one after the other, and looks at what they left. All
// must be for the same settings. Harm that can't be told from the answer is found for all
// of them together: the findings of several texts then are those of each run alone.
func (c *court) sit(texts []*trial, inTransaction bool) ([]finding, error) {
	l, err := c.session(texts[0].settings)
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.close() }()
	before, err := c.traces(l)
	if err != nil {
		return nil, err
	}
	if inTransaction && c.Flavour == servers.FlavourMariaDB {
		if _, err := l.run("BEGIN"); err != nil {
			return nil, err
		}
		before["in_transaction"] = "1"
	}
	m := texts[0].mode(c.version)
	findings := make([]finding, len(texts))
	for i, t := range texts {
		a, err := l.run(t.filled(m))
		f := finding{trial: t, err: err}
		if reason := refusals[code(err)]; reason != "" {
			f.harm = append(f.harm, "it was refused: "+reason)
		}
		if a.mute > 0 {
			f.harm = append(f.harm, "it answered without rows")
		}
		findings[i] = f
	}
	after, err := c.traces(l)
	if err != nil && len(texts) == 1 {
		findings[0].harm = append(findings[0].harm, "its connection broke")
		return findings, nil
	}
	harm := after.minus(before)
	switch {
	case err == nil && len(harm) == 0:
		return findings, nil
	case len(texts) == 1:
		findings[0].harm = append(findings[0].harm, harm...)
		return findings, nil
	}
	for i, t := range texts {
		one, err := c.sit([]*trial{t}, inTransaction)
		if err != nil {
			return nil, err
		}
		findings[i] = one[0]
	}
	return findings, nil
}

// chunks cuts trials into those of equal settings, at most n together.
func chunks(all []*trial, n int) [][]*trial {
	var cut [][]*trial
	last := map[settings]int{}
	for _, t := range all {
		i, ok := last[t.settings]
		if !ok || len(cut[i]) == n {
			cut = append(cut, nil)
			i = len(cut) - 1
			last[t.settings] = i
		}
		cut[i] = append(cut[i], t)
	}
	return cut
}
