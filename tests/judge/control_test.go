package judge

import (
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// credulous calls everything read-safe.
func credulous(stmt.Mode, []byte) *core.Facts { return &core.Facts{ReadSafe: true} }

// wrongs are texts that a wrong judgement would let pass. Each does another sort of harm.
var wrongs = []string{
	"DELETE FROM t WHERE id = 1",
	"EXPLAIN DELETE FROM t",
	"SELECT f()",
	"SELECT count (1)",
	"SELECT a FROM t FOR UPDATE",
	"SELECT a FROM t LOCK IN SHARE MODE",
	"SELECT 1 INTO @x",
	"SELECT @x := 1",
	"SELECT GET_LOCK('x', 0)",
	"SELECT NEXTVAL(seq)",
	"SELECT LAST_INSERT_ID(5)",
	"SELECT 1 INTO OUTFILE '/nowhere/x'; SET @a = 1",
	"SELECT 1; SET autocommit = 0",
	"SELECT 1; COMMIT",
	"USE app",
	"DO 1",
	"PREPARE s FROM 'SELECT 1'",
	"CREATE TEMPORARY TABLE x (a INT)",
	"HANDLER t OPEN",
}

func TestTheJudgeSeesWrongJudgementsOnMariaDB(t *testing.T) {
	c := replica(t)
	var texts []*trial
	for _, text := range append(wrongs, "SELECT a FROM t", "SHOW TABLES", "SELECT * FROM active_users, app.t") {
		texts = append(texts, &trial{text: text, settings: settings{charset: "utf8mb4"}})
	}
	_, harmful := c.confirm(t, credulous, texts)
	seen := map[string]bool{}
	for _, f := range harmful {
		seen[f.text] = true
	}
	for i, one := range texts {
		if seen[one.text] != (i < len(wrongs)) {
			t.Errorf("harm seen is %t for %s", seen[one.text], one.text)
		}
	}
}

func TestTheJudgeSeesWritesThatAreCalledReadSafe(t *testing.T) {
	c := newCourt(t, servers.Cluster(t, 0).Primary().Backend)
	var texts []*trial
	for _, text := range append(wrongs, "SELECT a FROM t") {
		texts = append(texts, &trial{text: text, settings: settings{charset: "utf8mb4"}})
	}
	wrong, harmful := c.convict(t, credulous, texts)
	for _, f := range wrong {
		if f.text == "SELECT a FROM t" {
			t.Errorf("harm was seen where there is none: %s", f.harm)
		}
	}
	// Outside a transaction row locks end with their statement, and COMMIT does nothing.
	if len(wrong) < len(wrongs)-5 || harmful != len(wrong) {
		t.Errorf("%d of %d wrong judgements were seen, %d texts with harm", len(wrong), len(wrongs), harmful)
	}
}
