package sweep

import (
	"fmt"
	"strings"
	"testing"

	protocol "github.com/go-mysql-org/go-mysql/mysql"

	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// The text that a value is written as is that value to the server, whatever sql_mode and
// character set its connection has.
func TestValuesAreReadAsTheyWereWritten(t *testing.T) {
	texts := []string{"", " ", "'", "''", "it's", `"`, "`", "a;b", "--", "/*", "#", "%_", "@x", "?", "0", "1e5", "NULL", "{}[]|~^", strings.Repeat("x'", 500)}
	numbers := []string{"0", "-1", "18446744073709551615", "9223372036854775808", "-9223372036854775808", "0.000001", "1.5", "123456789.123456", "1e-7"}
	const utf8mb4, bytes = 45, 63
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			p := &place{t: t, flavour: flavour, direct: open(t, backend(t, flavour).Addr)}
			for _, settings := range settingsOf(flavour) {
				plain, odd := p.session(p.direct), p.session(p.direct)
				for _, set := range strings.Split(settings, "; ") {
					odd.must(set)
				}
				for _, text := range texts {
					literal := written(t, wire.Column{Type: protocol.MYSQL_TYPE_VAR_STRING, Charset: utf8mb4}, text)
					want := fmt.Sprintf("\"%X\"\t%q\n", text, fmt.Sprint(len(text)))
					if got := odd.must("SELECT HEX(CONVERT(" + literal + " USING utf8mb4)), CHAR_LENGTH(" + literal + ")"); got != want {
						t.Errorf("%s: %q is written %s and read as %s", settings, text, literal, got)
					}
				}
				for _, text := range numbers {
					literal := written(t, wire.Column{Type: protocol.MYSQL_TYPE_DOUBLE, Charset: bytes}, text)
					if want, got := plain.must("SELECT HEX(CONCAT("+text+"))"), odd.must("SELECT HEX(CONCAT("+literal+"))"); got != want && !strings.Contains(settings, "connection") {
						t.Errorf("%s: %s is written %s and read as %s, not %s", settings, text, literal, got, want)
					}
				}
				plain.close()
				odd.close()
			}
		})
	}
}

func settingsOf(flavour servers.Flavour) []string {
	all := []string{"DO 0", "SET sql_mode = ''", "SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'", "SET NAMES latin1", "SET NAMES gbk", "SET NAMES binary",
		"SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'; SET NAMES latin1"}
	if flavour == servers.FlavourMariaDB {
		all = append(all, "SET sql_mode = 'EMPTY_STRING_IS_NULL'", "SET sql_mode = 'ORACLE'", "SET NAMES sjis", "SET NAMES big5", "SET NAMES koi8r", "SET collation_connection = ucs2_general_ci")
	}
	return all
}

// written gives the SQL text of a value.
func written(t *testing.T, column wire.Column, value string) string {
	t.Helper()
	got, ok := state.ParseValues([]string{"a"}, []wire.Column{column}, [][]byte{[]byte(value)})
	if !ok {
		t.Fatalf("%q is not written", value)
	}
	return got[0]
}
