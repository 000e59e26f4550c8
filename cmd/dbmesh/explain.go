package main

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/dbmesh/dbmesh/core/explain"
)

const explainUsage = `dbmesh explain says what dbmesh knows of a statement, and why: what filters decide by.
No server is asked and nothing is run.

  dbmesh explain 'SELECT * FROM users WHERE id = 7 FOR UPDATE'
  dbmesh explain --json 'SELECT 1; DELETE FROM t' | jq .facts.read_reason
  dbmesh explain --flavour mysql --version 8.0.36 'SELECT /*!80000 SQL_NO_CACHE */ 1'
  dbmesh explain --sql-mode ANSI_QUOTES 'SELECT "name" FROM "users"'
  dbmesh explain < migration.sql          (or - in the place of the text; at most 1 MiB)
  dbmesh explain -- '-- a text that begins with a dash'
  dbmesh explain --lines                  (programs ask and read JSON, a line each)

As a session of a running dbmesh would read it, see http://127.0.0.1:6080/api/v1/sessions:
  curl --data-binary 'SELECT 1' http://127.0.0.1:6080/api/v1/sessions/ID/explain

`

// explainText is the verb explain.
func explainText(args []string, out, errs io.Writer) int {
	var in io.Reader = os.Stdin
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&fs.ModeCharDevice != 0 {
		in = nil // a terminal: nobody knows that we wait for a text
	}
	return explainFrom(in, args, out, errs)
}

// explainFrom reads the text from in if the arguments have none.
func explainFrom(in io.Reader, args []string, out, errs io.Writer) int {
	var d explain.Dialect
	asJSON, lines := false, false
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	flags.StringVar(&d.Flavour, "flavour", "", "whose dialect it is: mariadb, mysql or tidb (default "+explain.DefaultFlavour+")")
	flags.StringVar(&d.Version, "version", "", "the server's `version` (default "+explain.DefaultMariaDB+", MySQL "+explain.DefaultMySQL+")")
	flags.StringVar(&d.SQLMode, "sql-mode", "", "the session's `sql_mode`, such as ANSI_QUOTES,NO_BACKSLASH_ESCAPES")
	flags.StringVar(&d.Charset, "charset", "", "the client's character `set` (default "+explain.DefaultCharset+")")
	flags.BoolVar(&asJSON, "json", false, "print a JSON document, whose keys docs/facts.md explains")
	flags.BoolVar(&lines, "lines", false, "for programs: read one JSON request a line from standard input and answer it with a line; docs/facts.md has the keys")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), explainUsage, "Flags:\n")
		flags.PrintDefaults()
	}
	texts, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	failed := func(status int, err error) int {
		fmt.Fprintf(errs, "dbmesh explain: %v\n", err)
		return status
	}
	if lines {
		return explainLines(d, in, texts, out, failed)
	}
	sql, status, err := text(in, texts)
	if err != nil {
		return failed(status, err)
	}
	report, err := explain.Text(d, sql)
	if err != nil {
		return failed(exitUsage, err)
	}
	if asJSON {
		err = explain.WriteJSON(out, report)
	} else {
		err = report.WriteTable(out, sql)
	}
	if err != nil {
		return failed(exitFailed, err)
	}
	return exitOK
}

// text is the argument, or what can be read. The status goes with the error.
func text(in io.Reader, texts []string) ([]byte, int, error) {
	if len(texts) == 0 || texts[0] == "-" {
		if in == nil {
			return nil, exitUsage, fmt.Errorf("give it a text, or pipe one in; see dbmesh explain --help")
		}
		sql, err := io.ReadAll(io.LimitReader(in, explain.MaxText+1))
		if err == nil && len(sql) > explain.MaxText {
			err = fmt.Errorf("the text has more than %d bytes", explain.MaxText)
		}
		return sql, exitFailed, err
	}
	return []byte(texts[0]), exitOK, nil
}

// explainLines serves until standard input ends.
func explainLines(d explain.Dialect, in io.Reader, texts []string, out io.Writer, failed func(int, error) int) int {
	switch _, err := d.Mode(); {
	case err != nil:
		return failed(exitUsage, err)
	case len(texts) > 0:
		return failed(exitUsage, fmt.Errorf("with --lines the texts come on standard input"))
	case in == nil:
		return failed(exitUsage, fmt.Errorf("with --lines requests are piped in; see dbmesh explain --help"))
	}
	if err := explain.Lines(d, in, out); err != nil {
		return failed(exitFailed, err)
	}
	return exitOK
}
