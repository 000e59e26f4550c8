package judge

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// together is how many texts run before somebody looks at what they left.
const together = 20

// replica is a read-only server with the corpus's schemas and a binary log.
func replica(t *testing.T) *court {
	t.Helper()
	c := newCourt(t, servers.Cluster(t, 0).Primary().Backend)
	c.do(t, "SET GLOBAL read_only = 1")
	return c
}

// tidbReplica is a TiDB that refuses writes of ordinary users, though not that sequences move.
func tidbReplica(t *testing.T) *court {
	t.Helper()
	c := newCourt(t, servers.TiDB(t, 1).Ends[0])
	c.do(t, "SET GLOBAL tidb_restricted_read_only = 1", "SET GLOBAL tidb_super_read_only = 1")
	return c
}

// confirm runs the texts that say calls read-safe and gives the findings, and those with
// harm again. It fails the test if the server's data have changed.
func (c *court) confirm(t *testing.T, say judgement, texts []*trial) (ran, harmful []finding) {
	t.Helper()
	before, err := c.content()
	if err != nil {
		t.Fatal(err)
	}
	var safe []*trial
	for _, one := range texts {
		if say(one.mode(c.version), []byte(one.text)).ReadSafe {
			safe = append(safe, one)
		}
	}
	for _, chunk := range chunks(safe, together) {
		found, err := c.sit(chunk, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if len(f.harm) > 0 {
				harmful = append(harmful, f)
			}
		}
		ran = append(ran, found...)
	}
	after, err := c.content()
	if err != nil {
		t.Fatal(err)
	}
	for _, harm := range after.minus(before) {
		t.Errorf("after all texts, %s", harm)
	}
	return ran, harmful
}

// complain reports harm.
func complain(t *testing.T, harmful []finding) {
	t.Helper()
	for _, f := range harmful {
		t.Errorf("called read-safe, but %s: %s", strings.Join(f.harm, ", "), f.trial)
	}
}

// understood counts the texts that the server ran without an error.
func understood(ran []finding) (n int) {
	for _, f := range ran {
		if f.err == nil {
			n++
		}
	}
	return n
}

func TestWhatIsCalledReadSafeChangesNothingOnAReadOnlyMariaDB(t *testing.T) {
	c := replica(t)
	ran, harmful := c.confirm(t, stmt.Analyze, trials(corpus(t)))
	complain(t, harmful)
	for _, f := range ran {
		if f.err != nil {
			t.Logf("%s: %v", f.trial, f.err)
		}
	}
	if n := understood(ran); n < 300 || n < len(ran)*2/3 {
		t.Errorf("of %d texts called read-safe MariaDB ran %d without an error, too few for a judgement", len(ran), n)
	}
}

func TestWhatIsCalledReadSafeChangesNothingOnAReadOnlyTiDB(t *testing.T) {
	c := tidbReplica(t)
	ran, harmful := c.confirm(t, stmt.Analyze, trials(corpus(t)))
	complain(t, harmful)
	if n := understood(ran); n < 300 || n < len(ran)*2/3 {
		t.Errorf("of %d texts called read-safe TiDB ran %d without an error, too few for a judgement", len(ran), n)
	}
}
