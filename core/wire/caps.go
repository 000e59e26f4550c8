package wire

import "github.com/go-mysql-org/go-mysql/mysql"

// Caps are capability flags: MySQL's in the low 32 bits, MariaDB's extended ones, which
// travel in the filler bytes of the handshake, in the high 32.
type Caps uint64

// The capabilities that dbmesh looks at.
const (
	LongPassword   = Caps(mysql.CLIENT_LONG_PASSWORD) // absent: the peer speaks MariaDB's extensions
	FoundRows      = Caps(mysql.CLIENT_FOUND_ROWS)
	ConnectWithDB  = Caps(mysql.CLIENT_CONNECT_WITH_DB)
	Compress       = Caps(mysql.CLIENT_COMPRESS)
	LocalFiles     = Caps(mysql.CLIENT_LOCAL_FILES)
	IgnoreSpace    = Caps(mysql.CLIENT_IGNORE_SPACE)
	Interactive    = Caps(mysql.CLIENT_INTERACTIVE)
	Protocol41     = Caps(mysql.CLIENT_PROTOCOL_41)
	SSL            = Caps(mysql.CLIENT_SSL)
	SecureConn     = Caps(mysql.CLIENT_SECURE_CONNECTION)
	MultiStmts     = Caps(mysql.CLIENT_MULTI_STATEMENTS)
	MultiResults   = Caps(mysql.CLIENT_MULTI_RESULTS)
	PluginAuth     = Caps(mysql.CLIENT_PLUGIN_AUTH)
	ConnectAttrs   = Caps(mysql.CLIENT_CONNECT_ATTRS)
	AuthLenenc     = Caps(mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
	SessionTrack   = Caps(mysql.CLIENT_SESSION_TRACK)
	DeprecateEOF   = Caps(mysql.CLIENT_DEPRECATE_EOF)
	OptionalMeta   = Caps(mysql.CLIENT_OPTIONAL_RESULTSET_METADATA)
	Zstd           = Caps(mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM)
	QueryAttrs     = Caps(mysql.CLIENT_QUERY_ATTRIBUTES)
	MultiFactor    = Caps(1 << 28)
	Extension      = Caps(mysql.CLIENT_CAPABILITY_EXTENSION)
	VerifyCert     = Caps(mysql.CLIENT_SSL_VERIFY_SERVER_CERT)
	RememberOption = Caps(mysql.CLIENT_REMEMBER_OPTIONS)

	// MariaDB's extended capabilities.
	Progress      = Caps(1 << 32)
	BulkStmts     = Caps(1 << 34)
	ExtendedMeta  = Caps(1 << 35)
	CacheMetadata = Caps(1 << 36)
)

// Relayable are the capabilities that may be agreed end to end: dbmesh can follow every
// packet that they bring. Left out are compression, which is each hop's own; metadata
// that is optional, multi-factor login, and whatever is not known yet.
const Relayable = Caps(1<<32-1)&^(Compress|Zstd|SSL|OptionalMeta|MultiFactor|Extension|VerifyCert|RememberOption) |
	Progress | BulkStmts | ExtendedMeta | CacheMetadata

// perHop are the capabilities that shape the connection phase only, so that the two hops
// may differ in them.
const perHop = SSL | SecureConn | PluginAuth | ConnectAttrs | AuthLenenc | ConnectWithDB |
	VerifyCert | RememberOption | Compress | Zstd | Extension

// Class are the capabilities that change bytes of the command phase: a client and its
// backend must agree on them.
func (c Caps) Class() Caps { return c &^ perHop }

// Has says whether all of want are there.
func (c Caps) Has(want Caps) bool { return c&want == want }

// Status flags of OK and EOF packets.
const (
	StatusInTrans     = mysql.SERVER_STATUS_IN_TRANS
	StatusAutocommit  = mysql.SERVER_STATUS_AUTOCOMMIT
	StatusMoreResults = mysql.SERVER_MORE_RESULTS_EXISTS
	StatusCursor      = mysql.SERVER_STATUS_CURSOR_EXISTS
	StatusLastRow     = mysql.SERVER_STATUS_LAST_ROW_SEND
	StatusTrack       = mysql.SERVER_SESSION_STATE_CHANGED
	// StatusNoBackslash is sql_mode's NO_BACKSLASH_ESCAPES.
	StatusNoBackslash = mysql.SERVER_STATUS_NO_BACKSLASH_ESCAPED
	// StatusANSIQuotes is MariaDB's alone: sql_mode's ANSI_QUOTES.
	StatusANSIQuotes = 0x8000
)
