package stmt

// Token is a piece of a text: text[Start:End]. The tokens of a text follow one another
// without a gap, from its first byte to its last.
type Token struct {
	Kind       TokenKind
	Start, End int
	// Live says of a Comment that the server reads what is in it as SQL: it is only the
	// opening /*!40101 or the closing */, and what stands between follows as tokens.
	Live bool
	// Doubt says that the server may read this place in another way, see Lexer.Doubt.
	Doubt bool
}

// TokenKind is the sort of a token.
type TokenKind uint8

// The sorts of tokens. A literal's sign is an Operator of its own, its character set
// introducer (_utf8) a Word of its own.
const (
	Blank      TokenKind = iota // white space
	Comment                     // with its marks; see Live
	Hint                        // an optimizer's hint, /*+ ... */, with its marks
	Word                        // a name or keyword without quotes; \N too
	QuotedName                  // in backquotes or, with ANSI_QUOTES, in double quotes
	String                      // in quotes, with N, X or B before it
	Number                      // integer, decimal, float, 0x41, 0b01
	UserVar                     // @name, @'name', @`name`; a lone @ too
	SystemVar                   // @@name or @@scope., without what follows the first dot
	Marker                      // ? of a prepared statement
	Operator                    // any other sign, of one to three bytes: = <=> := ->> || ...
	Punct                       // one of ( ) , . ; { }
	Illegal                     // a byte that no statement has outside quotes
)

// Text is the token's part of the text that it was read from.
func (t Token) Text(sql []byte) []byte { return sql[t.Start:t.End] }
