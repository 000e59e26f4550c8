package stmt_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

func TestRangesNameTablesAndClauses(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT a FROM t WHERE a=1 GROUP BY b HAVING c ORDER BY a, b LIMIT 5;": "t| FROM t| WHERE a=1| GROUP BY b| HAVING c| ORDER BY a, b| LIMIT 5",
		"select x.a from `app`.`u` as x, t join (v left join w using (id)) on x.a=t.a where t.a in (select a from z where b limit 1)": "" +
			"`app`.`u` t v w z| from `app`.`u` as x, t join (v left join w using (id)) on x.a=t.a| where t.a in (select a from z where b limit 1)||||",
		"UPDATE /* x */ app . t SET a=1 WHERE TRIM('x' FROM c)=b LIMIT 1":       "app . t|| WHERE TRIM('x' FROM c)=b||||  LIMIT 1",
		"DELETE FROM t WHERE EXTRACT(YEAR FROM u)=1":                            "t| FROM t| WHERE EXTRACT(YEAR FROM u)=1||||",
		"INSERT INTO t (a) SELECT b FROM u WHERE c ON DUPLICATE KEY UPDATE a=1": "t u| FROM u| WHERE c||||",
		"SELECT a FROM t WHERE EXTRACT(YEAR FROM u)=1":                          "t| FROM t| WHERE EXTRACT(YEAR FROM u)=1||||",
		"INSERT t VALUES (1)": "t||||||",
		"WITH c AS (SELECT * FROM t) SELECT * FROM c, u LIMIT 1":   "t u| FROM c, u||||| LIMIT 1",
		"SELECT a FROM t UNION SELECT a FROM u WHERE x ORDER BY 1": "t u||||| ORDER BY 1|",
		"SELECT a FROM t WHERE x FOR UPDATE":                       "t| FROM t| WHERE x||||",
		"SELECT t.from_, `where` FROM t":                           "t| FROM t|||||",
		"(SELECT a FROM t)":                                        "t||||||",
	} {
		f := stmt.Analyze(maria(), []byte(sql))
		r, ok := stmt.FindRanges(maria(), []byte(sql), f)
		if !ok {
			t.Errorf("%s: not sure (%s, %v)", sql, f.OpaqueReason, f.Tables)
			continue
		}
		cut := func(r core.Range) string { return sql[r.Start:r.End] }
		var names []string
		for _, one := range r.Tables {
			names = append(names, cut(one.Range))
		}
		got := []string{strings.Join(names, " ")}
		for _, c := range []core.Range{r.From, r.Where, r.Group, r.Having, r.Order, r.Limit} {
			got = append(got, cut(c))
		}
		var wants []string
		for _, w := range strings.Split(want, "|") {
			wants = append(wants, strings.TrimSpace(w))
		}
		if g, w := strings.Join(got, "|"), strings.Join(wants, "|"); g != w {
			t.Errorf("%s\n got %s\nwant %s", sql, g, w)
		}
	}
}

func TestRangesOfWhatIsNotSureAreRefused(t *testing.T) {
	for _, sql := range []string{"SELECT 1; SELECT 2", "SELECT a FROM t WHERE 'x", "FROB t"} {
		if r, ok := stmt.FindRanges(maria(), []byte(sql), stmt.Analyze(maria(), []byte(sql))); ok {
			t.Errorf("%s: %+v", sql, r)
		}
	}
}
