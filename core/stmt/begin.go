package stmt

import "github.com/dbmesh/dbmesh/core"

// begins is what a BEGIN or START TRANSACTION says of its transaction.
func (s *statement) begins(at int) core.Transaction {
	i := at + 1
	if s.word(at, "start") || s.word(i, "work") {
		i++
	}
	if i == len(s.tokens) {
		return core.TransactionPlain
	}
	readOnly := false
	for ; ; i++ { // over the comma
		switch {
		case s.words(i, "read", "only"):
			readOnly = true
			i += 2
		case s.words(i, "with", "consistent", "snapshot"):
			i += 3
		default:
			return core.TransactionOther
		}
		if i == len(s.tokens) {
			break
		}
		if !s.sign(i, ",") {
			return core.TransactionOther
		}
	}
	if readOnly && s.word(at, "start") {
		return core.TransactionReadOnly
	}
	return core.TransactionOther
}
