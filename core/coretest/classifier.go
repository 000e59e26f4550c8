package coretest

import "github.com/dbmesh/dbmesh/core"

// Classifier gives commands the facts that a test says, by their text, so that a filter
// that reads facts can be tested without the parser:
//
//	s.Classifier = coretest.Classifier{"SELECT 1": {Kind: core.StatementSelect, ReadSafe: true}}
//
// Any other text, and one that is cut off, is not understood.
type Classifier map[string]*core.Facts

// Classify finds the facts of the command's text.
func (k Classifier) Classify(c *core.Command) *core.Facts {
	if f, ok := k[string(c.SQL)]; ok && !c.Truncated() {
		return f
	}
	return &core.Facts{
		Opaque: true, OpaqueReason: "the test does not say what it is", ReadReason: "it is not understood",
		Creates: core.AllEffects, Pins: []core.Pin{{Effect: core.EffectUnknown, Reason: "it may do anything"}},
	}
}

// Ranges is never sure.
func (k Classifier) Ranges(*core.Command) (core.Ranges, bool) { return core.Ranges{}, false }

// Texts is never sure.
func (k Classifier) Texts(*core.Command) ([]core.Range, bool) { return nil, false }
