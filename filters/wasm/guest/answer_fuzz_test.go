package guest

import (
	"testing"

	"github.com/dbmesh/dbmesh/core/abi"
)

// FuzzVerdict reads payloads as a guest may give them: none panics, and what is accepted holds
// no more than the payload has.
func FuzzVerdict(f *testing.F) {
	f.Add(uint8(abi.OpDeny), []byte("\x51\x04HY000no"))
	f.Add(uint8(abi.OpReply), []byte("\x01\x00\x01\x00\x01\x00a\x02\x00\x00\x00bc"))
	f.Add(uint8(abi.OpList), []byte("\x02\x08\x00\x00SELECT 1\x03\x02\x00\x00\x00p"))
	f.Add(uint8(abi.OpMask), []byte("\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00x"))
	f.Fuzz(func(t *testing.T, op uint8, payload []byte) {
		op %= abi.OpMask + 1
		c := &Call{}
		c.Verdict.Op = op
		if wrong := c.Verdict.decode(c, op, payload); wrong != "" {
			return
		}
		v := &c.Verdict
		held := len(v.State) + len(v.Message) + len(v.Rewrite) + len(v.Route)
		for _, m := range v.Masks {
			held += len(m.Value)
		}
		if r := v.Reply; r != nil {
			if op == abi.OpReply && len(r.Columns) == 0 {
				t.Errorf("a reply without columns is accepted: %q", payload)
			}
			for _, row := range r.Rows {
				if len(row) != len(r.Columns) {
					t.Errorf("a row of %d values for %d columns", len(row), len(r.Columns))
				}
				for _, value := range row {
					held += len(value)
				}
			}
		}
		if held > len(payload) {
			t.Errorf("%d bytes are read from a payload of %d", held, len(payload))
		}
	})
}
