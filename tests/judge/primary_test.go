package judge

import (
	"regexp"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// convict runs each text on a connection of its own, on a server that takes writes, and
// gives the findings of those that did harm but say calls read-safe, and how many did any.
// What is written is taken back before the next.
func (c *court) convict(t *testing.T, say judgement, texts []*trial) (wrong []finding, harmful int) {
	t.Helper()
	clean, err := c.content()
	if err != nil {
		t.Fatal(err)
	}
	c.copies(t, clean)
	for _, one := range texts {
		if one.gone {
			continue
		}
		found, err := c.sit([]*trial{one}, false)
		if err != nil {
			t.Fatal(err)
		}
		f := found[0]
		if len(f.harm) == 0 {
			continue
		}
		harmful++
		if say(one.mode(c.version), []byte(one.text)).ReadSafe {
			wrong = append(wrong, f)
		}
		c.repair(t, clean, strings.Join(f.harm, "\n"))
	}
	return wrong, harmful
}

// redefines matches the harm of a text that may have changed definitions too.
var redefines = regexp.MustCompile(`(?m)^com_(alter|create|drop|rename|truncate|grant|revoke|optimize|repair|call)|^its connection broke`)

// repair takes back what a text has written: the rows, from a copy, or everything.
func (c *court) repair(t *testing.T, clean traces, harm string) {
	t.Helper()
	if !strings.Contains(harm, "gtid_binlog_pos was") {
		return
	}
	if redefines.MatchString(harm) {
		c.reset(t)
		return
	}
	now, err := c.content()
	if err != nil {
		t.Fatal(err)
	}
	for name := range now {
		if now[name] == clean[name] {
			continue
		}
		table := strings.TrimPrefix(name, "content of ")
		if strings.HasSuffix(table, ".seq") {
			c.reset(t)
			return
		}
		c.do(t, "DELETE FROM "+table, "INSERT INTO "+table+" SELECT * FROM "+strings.ReplaceAll(table, ".", "_copy."))
	}
}

// copies makes the copies that repair takes.
func (c *court) copies(t *testing.T, clean traces) {
	t.Helper()
	c.do(t, "CREATE DATABASE "+schema+"_copy", "CREATE DATABASE app_copy")
	for name := range clean {
		table := strings.TrimPrefix(name, "content of ")
		c.do(t, "CREATE TABLE "+strings.ReplaceAll(table, ".", "_copy.")+" AS SELECT * FROM "+table)
	}
}

func TestWhatChangesSomethingOnMariaDBIsNotCalledReadSafe(t *testing.T) {
	c := newCourt(t, servers.Cluster(t, 0).Primary().Backend)
	texts := trials(corpus(t))
	step := scale(5, 1, 1) // a text that writes costs a tenth of a second
	var some []*trial
	for i := 0; i < len(texts); i += step {
		some = append(some, texts[i])
	}
	wrong, harmful := c.convict(t, stmt.Analyze, some)
	complain(t, wrong)
	t.Logf("%d of %d texts changed something", harmful, len(some))
	if harmful < len(some)/5 {
		t.Errorf("only %d of %d texts changed anything, too few for a judgement", harmful, len(some))
	}
}
