// Package stmt knows SQL: it answers what a statement is, once, for every filter.
//
// A text goes through three rooms. The lexer splits it into tokens as the session's server
// would, and normalises it: literals give way to placeholders. A cache gives the facts of
// a shape that was seen before. For a new shape the parser, or where it can't read the
// statement the tokens alone, says what it is.
package stmt
