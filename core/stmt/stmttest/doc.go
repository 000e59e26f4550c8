// Package stmttest reads the corpus of statements in core/stmt/testdata/corpus, for the
// tests of several packages.
//
// A file *.txt holds entries that an empty line separates; lines that begin with # are
// comments, wherever they stand. An entry is
//
//	[flags]          optional, see Entry
//	SQL              on one or more lines, or as Go quotes it: go:"SELECT\v1"
//	=> KIND ACCESS TABLES SAFETY WORDS
//
// KIND and ACCESS are the names that core gives them. TABLES is - or, separated by commas,
// r:t for a table that is read and w:app.u for one that is written. SAFETY is safe or
// unsafe. The words that may follow are opaque, locking, into=variables, into=file,
// fn=a,b (core.Facts.Functions) and digest=other (TiDB's own digest is another).
package stmttest
