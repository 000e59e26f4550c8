package core

import (
	"iter"
	"math/bits"
)

// Effect is a set of kinds of session state: what a statement may leave behind on its
// connection, which the next user of that connection would find and this session would
// miss elsewhere.
type Effect uint32

// The kinds of session state. docs/facts-effects.md says for each what creates and what releases
// it, and whether the backend tells of it.
const (
	EffectTransaction     Effect = 1 << iota // an open transaction
	EffectNextTransaction                    // SET TRANSACTION for the next one
	EffectSchema                             // the default schema
	EffectCharset                            // SET NAMES and its kin
	EffectSQLMode                            // sql_mode, by which texts are read
	EffectSystemVar                          // any other session variable
	EffectReplication                        // sql_log_bin, timestamp, insert_id, ...: they change what is written
	EffectRole                               // SET ROLE
	EffectUserVar                            // @name
	EffectTempTable                          // CREATE TEMPORARY TABLE
	EffectTableLock                          // LOCK TABLES
	EffectGlobalLock                         // FLUSH TABLES ... WITH READ LOCK, LOCK INSTANCE, BACKUP
	EffectNamedLock                          // GET_LOCK
	EffectHandler                            // HANDLER ... OPEN
	EffectPrepared                           // SQL PREPARE
	EffectFoundRows                          // SQL_CALC_FOUND_ROWS, for FOUND_ROWS()
	EffectLastID                             // LAST_INSERT_ID(), ROW_COUNT() of a write
	EffectWarnings                           // the diagnostics area, for SHOW WARNINGS
	EffectUnknown                            // anything at all
	effectsEnd
)

// AllEffects has every kind.
const AllEffects = effectsEnd - 1

// Lasting are the effects that outlive the next statement and the transaction: what a
// session that has them can't be moved without.
const Lasting = AllEffects &^ (EffectTransaction | EffectFoundRows | EffectLastID | EffectWarnings)

var effectNames = [...]string{
	"transaction", "next transaction", "schema", "character set", "sql_mode", "system variable",
	"replication variable", "role", "user variable", "temporary table", "table lock", "global lock",
	"named lock", "handler", "prepared statement", "found rows", "last insert id", "warnings", "unknown",
}

// Has says whether all of want is in e.
func (e Effect) Has(want Effect) bool { return e&want == want }

// Each goes through the kinds in the set, one at a time.
func (e Effect) Each() iter.Seq[Effect] {
	return func(yield func(Effect) bool) {
		for ; e != 0; e &= e - 1 {
			if !yield(e & -e) {
				return
			}
		}
	}
}

// String names the kinds, separated by commas.
func (e Effect) String() string {
	out := ""
	for one := range e.Each() {
		name := "invalid"
		if i := bits.TrailingZeros32(uint32(one)); i < len(effectNames) {
			name = effectNames[i]
		}
		if out != "" {
			out += ", "
		}
		out += name
	}
	return out
}
