package core

import "fmt"

// Error is an error as the MySQL protocol tells it to a client.
type Error struct {
	Code    uint16
	State   string // SQLSTATE, five characters
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d (%s): %s", e.Code, e.State, e.Message)
}

// Reply is an answer that a filter gives in the place of a backend: an error, an OK, or
// a small result of text columns. Exactly one of the three is meant: Err if set, else a
// result if Columns is not empty, else OK.
type Reply struct {
	Err      *Error
	Affected uint64
	InsertID uint64
	Info     string
	Columns  []string
	Rows     [][][]byte // one slice a row, one value a column, nil for NULL
}
