// Package dbmeshtest runs a filter in the test's own process, without WebAssembly and without
// a proxy:
//
//	func TestWholeTablesAreSafe(t *testing.T) {
//		dbmeshtest.Query(t, "DELETE FROM t", dbmeshtest.User("app")).WantDeny(1105)
//		dbmeshtest.Query(t, "DELETE FROM t WHERE a = 1").WantPass()
//	}
//
// What the filter is told of a statement comes from the dbmesh command, which has to be on
// PATH, or named by the variable DBMESH: one child process for each test binary, which ends
// with it. Values, counters, tokens, state and time are fakes with a clock that only the test
// moves. Texts that the filter was given are overwritten after each hook, so that one that is
// kept too long shows. A verdict that dbmesh would not accept fails the test.
//
// Tests may run in parallel; hooks don't. A filter's package variables are shared by all tests,
// and configured anew by each New.
package dbmeshtest
