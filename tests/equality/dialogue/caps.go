package dialogue

import (
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
)

const (
	longFlag     = wire.Caps(1 << 2)
	transactions = wire.Caps(1 << 13)
	psResults    = wire.Caps(1 << 18)
	handleExpiry = wire.Caps(1 << 22)
)

// basic are the capabilities of most clients; a variant and a dialogue alter them.
const basic = wire.LongPassword | longFlag | wire.LocalFiles | wire.Protocol41 | transactions |
	wire.SecureConn | wire.MultiStmts | wire.MultiResults | psResults | wire.PluginAuth |
	wire.ConnectAttrs | wire.AuthLenenc | wire.ConnectWithDB

var capNames = map[string]wire.Caps{
	"found_rows": wire.FoundRows, "local_files": wire.LocalFiles, "ignore_space": wire.IgnoreSpace,
	"multi_statements": wire.MultiStmts, "multi_results": wire.MultiResults, "ps_results": psResults,
	"session_track": wire.SessionTrack, "deprecate_eof": wire.DeprecateEOF, "transactions": transactions,
	"long_flag": longFlag, "expired": handleExpiry, "interactive": wire.Caps(1 << 10), "no_schema": wire.Caps(1 << 4),
	"odbc": wire.Caps(1 << 6), "query_attributes": wire.QueryAttrs,
	"progress": wire.Progress, "bulk": wire.BulkStmts, "extended": wire.ExtendedMeta, "cache": wire.CacheMetadata,
}

const extensions = wire.Progress | wire.BulkStmts | wire.ExtendedMeta | wire.CacheMetadata

// variants are the mixes of capabilities that a dialogue may be played under.
var variants = map[string]wire.Caps{
	"modern":  basic | wire.DeprecateEOF | wire.SessionTrack,
	"classic": basic,
	"tracked": basic | wire.SessionTrack,
	"ended":   basic | wire.DeprecateEOF,
	"maria":   basic&^wire.LongPassword | wire.DeprecateEOF | wire.SessionTrack | extensions&^wire.Progress,
	"bulk":    basic&^wire.LongPassword | wire.DeprecateEOF | wire.BulkStmts,
}

// alter applies +name and -name to caps. One of MariaDB's extensions brings the absence of
// CLIENT_LONG_PASSWORD with it, which is how they are announced.
func alter(caps wire.Caps, changes string) (wire.Caps, error) {
	for change := range strings.SplitSeq(changes, ",") {
		if change == "" {
			continue
		}
		bit, ok := capNames[change[1:]]
		switch {
		case !ok:
			return 0, fmt.Errorf("unknown capability %q", change)
		case change[0] == '+':
			caps |= bit
		case change[0] == '-':
			caps &^= bit
		default:
			return 0, fmt.Errorf("capability %q without + or -", change)
		}
	}
	if caps&extensions != 0 {
		caps &^= wire.LongPassword
	}
	return caps, nil
}
