package state

import (
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
)

const (
	resultsName = "character_set_results"
	clientName  = "character_set_client"
)

// collate is what makes the value of character_set_results one that only SET NAMES can set.
const collate = " COLLATE "

// collated adds to the value of character_set_results the collation that its server keeps
// with it. No variable shows it, but it is what the results say of their columns, so it is
// taken from those: after SET NAMES utf8mb4 COLLATE utf8mb4_bin they say something else
// than after SET NAMES utf8mb4, though the variable is the same. Where the collation is not
// a known one of that character set the value stays as it is.
func collated(value string, k wire.Column) string {
	charset := strings.Trim(value, "'")
	of, ok := collations[k.Charset]
	if !ok || of.charset != charset && !(of.charset == "utf8mb3" && charset == "utf8") {
		return value
	}
	return value + collate + "'" + charset + "_" + of.name + "'"
}

// needsNames says whether a value of character_set_results is one that collated made.
func needsNames(value string) bool { return strings.Contains(value, collate) }

// collations are those that clients log in with or name, by their numbers, which are the
// same for all servers.
var collations = map[uint16]struct{ charset, name string }{
	5: {"latin1", "german1_ci"}, 8: {"latin1", "swedish_ci"}, 15: {"latin1", "danish_ci"}, 31: {"latin1", "german2_ci"},
	47: {"latin1", "bin"}, 48: {"latin1", "general_ci"}, 49: {"latin1", "general_cs"}, 94: {"latin1", "spanish_ci"},
	33: {"utf8mb3", "general_ci"}, 83: {"utf8mb3", "bin"}, 192: {"utf8mb3", "unicode_ci"}, 214: {"utf8mb3", "unicode_520_ci"},
	45: {"utf8mb4", "general_ci"}, 46: {"utf8mb4", "bin"}, 224: {"utf8mb4", "unicode_ci"}, 246: {"utf8mb4", "unicode_520_ci"},
	255: {"utf8mb4", "0900_ai_ci"}, 309: {"utf8mb4", "0900_bin"},
	11: {"ascii", "general_ci"}, 65: {"ascii", "bin"}, 51: {"cp1251", "general_ci"}, 50: {"cp1251", "bin"},
	28: {"gbk", "chinese_ci"}, 87: {"gbk", "bin"},
}
