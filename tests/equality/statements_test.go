package equality

import (
	"sync/atomic"
	"testing"

	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// statements is how many generated statements a scale compares on each server.
func statements() int {
	return map[sidecar.Scale]int{sidecar.Short: 500, sidecar.CI: 5000, sidecar.Full: 100000}[sidecar.Now()]
}

func TestGeneratedStatementsAreTheSameDirectlyAndThroughDbmesh(t *testing.T) {
	masks, err := dialogue.LoadMasks("masks.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			p := at(t, flavour)
			var all []*dialogue.Dialogue
			for seed := range (statements() + perSession - 1) / perSession {
				all = append(all, generate(uint64(seed)))
			}
			var answers, errors atomic.Int64
			each(all, atOnce(flavour), func(d *dialogue.Dialogue) {
				said, _, ok := p.compare(t, d, masks)
				if !ok {
					return
				}
				for _, f := range said.Frames {
					if f.FromServer && f.Seq == 1 && len(f.Payload) > 0 {
						answers.Add(1)
						if f.Payload[0] == 0xff {
							errors.Add(1)
						}
					}
				}
			})
			t.Logf("%d statements, %d answers, %d of them errors", len(all)*perSession, answers.Load(), errors.Load())
			if e, n := errors.Load(), answers.Load(); e*2 > n || e == 0 {
				t.Errorf("%d of %d answers are errors, which tests little", e, n)
			}
		})
	}
}
