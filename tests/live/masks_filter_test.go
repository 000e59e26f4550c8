package live

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// masking masks columns by their names: null_x, hash_x, keep_x and const_x. A result with a
// column denied_x is denied, and the error "no such table" gets another one in its place.
// It keeps the outcomes of its commands.
type masking struct {
	mu       sync.Mutex
	outcomes []core.Outcome
	columns  []core.Column // of the last result, as they were shown
	asked    int
	errors   bool // only errors are looked at
}

const (
	maskKey   = "the key"
	maskValue = "2001-02-03"
)

func (m *masking) Hooks() core.HookSet {
	if m.errors {
		return core.Hooks(core.HookError, core.HookDone)
	}
	return core.Hooks(core.HookColumns, core.HookError, core.HookDone)
}

func (m *masking) OnColumns(_ context.Context, _ *core.Command, columns []core.Column) (masks []core.Mask, v core.Verdict, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	m.columns = m.columns[:0]
	for i, c := range columns {
		c.Name, c.Table, c.OrgName = strings.Clone(c.Name), strings.Clone(c.Table), strings.Clone(c.OrgName)
		m.columns = append(m.columns, c)
		how, _, _ := strings.Cut(c.Name, "_")
		mask := core.Mask{Column: i}
		switch how {
		case "null":
			mask.By = core.MaskNull
		case "hash":
			mask.By, mask.Value = core.MaskHash, []byte(maskKey)
		case "keep":
			mask.By, mask.First, mask.Last = core.MaskKeep, 2, 1
		case "const":
			mask.By, mask.Value = core.MaskConstant, []byte(maskValue)
		case "huge":
			mask.By, mask.Value = core.MaskConstant, []byte(strings.Repeat("h", 9<<20))
		case "denied":
			return nil, core.Deny(1142, "42000", "denied by the columns"), nil
		case "ends":
			return nil, core.Disconnect(1142, "42000", "ended by the columns"), nil
		case "panics":
			panic("the columns say panic")
		default:
			continue
		}
		masks = append(masks, mask)
	}
	return masks, v, nil
}

func (m *masking) OnError(_ context.Context, _ *core.Command, e *core.Error) (*core.Error, error) {
	switch e.Code {
	case 1146, 1242, 1317:
		return &core.Error{Code: 1644, State: "45000", Message: "instead of " + e.State + strings.Repeat("!", 3000)}, nil
	}
	return nil, nil
}

func (m *masking) OnDone(_ *core.Command, o *core.Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outcomes = append(m.outcomes, *o)
}

// failed is the outcome of the last command that ended in an error, once there is one.
func (m *masking) failed(t *testing.T) core.Outcome {
	t.Helper()
	var o core.Outcome
	until(t, patience, "the command has ended", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		for len(m.outcomes) > 0 && o.Err == nil {
			o, m.outcomes = m.outcomes[0], m.outcomes[1:]
		}
		return o.Err != nil
	})
	return o
}

func (m *masking) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outcomes, m.asked = nil, 0
}

// seen are the columns of the last result.
func (m *masking) seen() []core.Column {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.columns)
}

func (m *masking) times() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

// maskingMesh runs a chain with the filter before a server. slow has its hooks run on
// goroutines.
func maskingMesh(t *testing.T, server *servers.Backend, f *masking, slow bool, listener string) *mesh {
	t.Helper()
	s := before(server, usualLinks+"{kind: masking}")
	s.listener = listener
	return startMesh(t, parts{kinds: core.Registry{"masking": maskingKind(f, slow)}}, s.text())
}

func maskingKind(f *masking, slow bool) core.Kind {
	return core.Kind{Slow: slow, New: func(_ string, decode core.Decode) (core.Filter, error) {
		var c struct{}
		return f, decode(&c)
	}}
}

// bothWays runs a test with hooks on the loop and on goroutines.
func bothWays(t *testing.T, test func(t *testing.T, slow bool)) {
	t.Run("on the loop", func(t *testing.T) { test(t, false) })
	t.Run("slow", func(t *testing.T) { test(t, true) })
}
