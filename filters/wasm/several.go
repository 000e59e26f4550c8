package wasm

import (
	"context"
	"fmt"
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// several asks about each statement of a text that has several, all of them, before anything
// is forwarded. The strictest verdict holds. A failure counts less than a denial: otherwise a
// statement that breaks the filter would take the others past it where its policy is open.
func (f *Filter) several(ctx context.Context, c *core.Command, h abi.Hook, facts *core.Facts) (core.Verdict, error) {
	texts, sure := c.Texts()
	if !sure {
		return f.whole(ctx, c, h, facts)
	}
	var denied core.Verdict
	var failed error
	var cuts []cut
	for i, one := range facts.Statements() {
		j, err := f.statement(ctx, c, part{h, one, c.SQL[texts[i].Start:texts[i].End], i, len(texts)})
		switch {
		case err != nil:
			failed = err
		case j == nil:
		case j.verdict.Denied():
			if j.verdict.Ends() || !denied.Denied() {
				denied = j.verdict
			}
		case j.verdict.Reply() != nil || j.to != "":
			if !denied.Denied() {
				denied = f.oneOfSeveral(j)
			}
		case j.rewrite != nil:
			cuts = append(cuts, cut{texts[i], j.rewrite})
		}
		if denied.Ends() {
			break
		}
	}
	if denied.Denied() || failed != nil || cuts == nil {
		if denied.Denied() {
			failed = nil
		}
		return denied, failed
	}
	return f.apply(h, c, &judgement{op: abi.OpRewrite, rewrite: splice(c.SQL, cuts)})
}

// whole asks once about a text that can't be taken apart.
func (f *Filter) whole(ctx context.Context, c *core.Command, h abi.Hook, facts *core.Facts) (core.Verdict, error) {
	if !f.program.Has(h) {
		return core.Continue(), nil
	}
	opaque := *facts
	opaque.Opaque = true
	j, err := f.part(ctx, c, part{h: h, facts: &opaque, sql: c.SQL, of: 1})
	switch {
	case err != nil || j == nil:
		return core.Continue(), err
	case !j.verdict.Denied() && (j.verdict.Reply() != nil || j.to != ""):
		return f.oneOfSeveral(j), nil
	}
	return f.apply(h, c, j)
}

// oneOfSeveral denies a text of which one statement would go elsewhere than the others.
func (f *Filter) oneOfSeveral(j *judgement) core.Verdict {
	return core.Deny(1105, "HY000", fmt.Sprintf(
		"dbmesh: filter %q: its verdict %s is not possible for one of several statements in one text; send them one by one", f.name, opName(j.op)))
}

// cut puts other bytes in the place of a range.
type cut struct {
	core.Range
	with []byte
}

// splice makes a text with the cuts, which are in order.
func splice(text []byte, cuts []cut) []byte {
	var out []byte
	at := 0
	for _, c := range cuts {
		out = append(append(out, text[at:c.Start]...), c.with...)
		at = c.End
	}
	return slices.Concat(out, text[at:])
}
