package stmt

import "github.com/dbmesh/dbmesh/core"

// hangsUp says whether a COMMIT or ROLLBACK has RELEASE, and not NO RELEASE.
func (s *statement) hangsUp(at int) bool {
	for i := at + 1; i < len(s.tokens); i++ {
		if s.word(i, "release") && !s.word(i-1, "no") {
			return true
		}
	}
	return false
}

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
