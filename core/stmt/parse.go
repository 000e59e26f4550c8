package stmt

import (
	"errors"
	"fmt"
	"sync"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver" // the parser's makers of literals
)

const (
	parseMax = 16 << 10 // longer texts are not parsed: their tokens must do
	keepMax  = 4 << 10  // a parser keeps the memory that its longest text took
)

// parsers are spare ones. A parser serves one goroutine at a time.
var parsers sync.Pool

var (
	errLong = errors.New("it is too long for the parser")
	errForm = errors.New("the parser does not know this form")
)

// parse reads text as one statement and shows it to see, which must keep no part of it. Its
// error is a clause that says why there was nothing to see.
func parse(m Mode, text []byte, see func(ast.StmtNode)) (err error) {
	if len(text) > parseMax {
		return errLong
	}
	defer func() {
		if r := recover(); r != nil { // the parser is dropped
			err = fmt.Errorf("the parser failed on it: %v", r)
		}
	}()
	p, ok := parsers.Get().(*parser.Parser)
	if !ok {
		p = parser.New()
	}
	var mode mysql.SQLMode
	if m.ANSIQuotes {
		mode |= mysql.ModeANSIQuotes
	}
	if m.NoBackslash {
		mode |= mysql.ModeNoBackslashEscapes
	}
	p.Reset()
	p.SetSQLMode(mode)
	p.SetMariaDB(m.Flavour == MariaDB)
	nodes, _, err := p.ParseSQL(string(text))
	switch {
	case err != nil || len(nodes) != 1:
		err = errForm
	default:
		see(nodes[0])
	}
	if len(text) <= keepMax {
		parsers.Put(p)
	}
	return err
}
