package equality

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

// generator makes statements at random, the same for the same seed: valid ones mostly, wrong
// ones on purpose, as text and prepared, on a temporary table of its own.
type generator struct {
	r     *rand.Rand
	steps []dialogue.Step
}

// perSession is how many generated statements one connection gets.
const perSession = 50

// generate makes a dialogue of statements. The variant is taken by turns.
func generate(seed uint64) *dialogue.Dialogue {
	g := &generator{r: rand.New(rand.NewPCG(seed, 7))}
	g.add("query", "SET timestamp = 1600000000")
	g.add("query", "CREATE TEMPORARY TABLE g (id INT PRIMARY KEY, n BIGINT, d DECIMAL(20,5), f DOUBLE, s VARCHAR(40), b VARBINARY(40), t DATETIME(3))")
	for i := range 12 {
		g.add("query", fmt.Sprintf("INSERT INTO g VALUES (%d, %s, %s, %s, %s, %s, %s)", i+1, g.integer(), g.decimal(), g.real(), g.text(), g.text(), g.moment()))
	}
	for range perSession {
		g.statement()
	}
	d, err := dialogue.Parse("generated", fmt.Sprintf("== generated_%d variants=%s\nping\n", seed, []string{"modern", "classic", "tracked", "ended"}[seed%4]))
	if err != nil {
		panic(err) // the text above is right or wrong for all seeds
	}
	d[0].Steps = append(g.steps, d[0].Steps...)
	return d[0]
}

func (g *generator) add(verb, arg string) {
	g.steps = append(g.steps, dialogue.Step{Line: len(g.steps) + 1, Verb: verb, Arg: arg})
}

func (g *generator) one(of ...string) string { return of[g.r.IntN(len(of))] }

// statement adds one statement: as text, or prepared, run once or twice, and closed.
func (g *generator) statement() {
	sql := g.sql()
	switch {
	case g.r.IntN(12) == 0:
		sql = g.broken(sql)
	case g.r.IntN(10) == 0:
		sql += "; " + g.sql()
	}
	if g.r.IntN(3) > 0 || strings.Contains(sql, ";") {
		g.add("query", escaped(sql))
		return
	}
	params := 0
	if g.r.IntN(2) == 0 {
		sql, params = g.parametrized()
	}
	g.add("prepare", escaped(sql))
	if params > 0 { // a statement that may not be prepared has no id to be run by
		for range 1 + g.r.IntN(2) {
			g.add("execute", g.arguments(params))
		}
		g.add("close", "")
	}
}

// escaped makes a text into one of the corpus's notation.
func escaped(sql string) string {
	return strings.NewReplacer(`\`, `\\`, "{", `\x7b`, "\n", `\n`).Replace(sql)
}

func (g *generator) sql() string {
	switch g.r.IntN(10) {
	case 0:
		return fmt.Sprintf("INSERT INTO g (id, n, s) VALUES (%d, %s, %s)", g.r.IntN(40), g.expression(2), g.text())
	case 1:
		return fmt.Sprintf("UPDATE g SET %s = %s WHERE id %s %d", g.column(), g.expression(2), g.one("=", "<", ">"), g.r.IntN(20))
	case 2:
		return fmt.Sprintf("DELETE FROM g WHERE id = %d", 10+g.r.IntN(30))
	case 3:
		return fmt.Sprintf("REPLACE INTO g (id, f, b) VALUES (%d, %s, %s)", g.r.IntN(40), g.real(), g.text())
	case 4:
		return fmt.Sprintf("SELECT id, %s FROM g WHERE %s ORDER BY id LIMIT %d", g.expression(2), g.condition(), g.r.IntN(15))
	case 5:
		return fmt.Sprintf("SELECT %s FROM g", g.one("COUNT(*)", "COUNT(n), MIN(id), MAX(id)", "SUM(id), AVG(id)", "MIN(s), MAX(s)", "COUNT(DISTINCT n)"))
	case 6:
		return fmt.Sprintf("SELECT a.id, b.id FROM g a JOIN g b ON a.id = b.id + %d ORDER BY a.id", g.r.IntN(3))
	case 7:
		return g.one("SHOW WARNINGS", "SHOW COUNT(*) WARNINGS", "SELECT @a, @b", "SET @a = "+g.expression(1), "SET @b = "+g.text(), "DO 1", "SELECT ROW_COUNT()", "SELECT DATABASE()")
	}
	n := 1 + g.r.IntN(4)
	var list []string
	for i := range n {
		e := g.expression(3)
		if g.r.IntN(3) == 0 {
			e += fmt.Sprintf(" AS c%d", i)
		}
		list = append(list, e)
	}
	return "SELECT " + strings.Join(list, ", ")
}

// parametrized makes a statement with parameters, of which there are so many.
func (g *generator) parametrized() (string, int) {
	switch g.r.IntN(4) {
	case 0:
		return "SELECT id, s, n FROM g WHERE id > ? AND id < ? ORDER BY id", 2
	case 1:
		return "SELECT ?, ?, " + g.expression(1), 2
	case 2:
		return "SELECT CONCAT(?, s) FROM g WHERE id = ?", 2
	}
	return "UPDATE g SET n = ? WHERE id = 3", 1
}

func (g *generator) arguments(n int) string {
	var all []string
	for range n {
		all = append(all, g.one("null", "i8:7", "i32:5", "i64:-3000000000", "u64:18446744073709551615", "f64:2.5",
			"str:text", "str:", "blob:\\x00\\xff", "str:12", "dec:3.25", "date:2020-2-3", "datetime:2020-2-3-4-5-6"))
	}
	return strings.Join(all, " ")
}

func (g *generator) broken(sql string) string {
	switch g.r.IntN(4) {
	case 0:
		at := g.r.IntN(len(sql))
		return sql[:at] + sql[min(len(sql), at+1+g.r.IntN(5)):]
	case 1:
		return strings.Replace(sql, "SELECT", g.one("SELEC", "SELECT FROM", "SELECT SELECT"), 1)
	case 2:
		return strings.ReplaceAll(sql, " g", " no_such_table")
	}
	return sql + g.one(" )", " WHERE", " '", " GROUP BY no_such_column", " LIMIT -1")
}
