//go:build !wasip1

package dbmeshtest

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/fake"
)

// Option says who asks, how, and of which dbmesh. Options given to New hold for its sessions,
// those given to a Session for its commands.
type Option func(*settings)

type settings struct {
	strings     [6]string
	attributes  map[string]string
	address     netip.AddrPort
	flags       uint32
	config      map[string]any
	clock       time.Time
	dialect     request
	params      []fake.Param
	columns     []fake.Column
	statementID uint32
}

// User is who is logged in; it is "app" otherwise.
func User(name string) Option { return func(s *settings) { s.strings[abi.StrUser] = name } }

// Schema is the default schema; none otherwise.
func Schema(name string) Option { return func(s *settings) { s.strings[abi.StrSchema] = name } }

// Listener is where the client came in.
func Listener(name string) Option { return func(s *settings) { s.strings[abi.StrListener] = name } }

// Pool is where commands go.
func Pool(name string) Option { return func(s *settings) { s.strings[abi.StrPool] = name } }

// Address is the client's, such as 10.0.0.7 or [::1]:5000; a unix socket otherwise. It panics
// on what is no address.
func Address(text string) Option {
	address, err := netip.ParseAddrPort(text)
	if err != nil {
		address = netip.AddrPortFrom(netip.MustParseAddr(text), 0)
	}
	return func(s *settings) {
		s.address = address
		s.strings[abi.StrAddress] = address.Addr().Unmap().String()
	}
}

// Attribute is one that the client sent at login.
func Attribute(name, value string) Option {
	return func(s *settings) {
		all := map[string]string{name: value}
		for k, v := range s.attributes {
			if k != name {
				all[k] = v
			}
		}
		s.attributes = all
	}
}

// TLS encrypts the client's hop.
func TLS() Option { return func(s *settings) { s.flags |= abi.FlagTLS } }

// InTransaction has a transaction open.
func InTransaction() Option { return func(s *settings) { s.flags |= abi.FlagTransaction } }

// NoAutocommit is a session after SET autocommit = 0.
func NoAutocommit() Option { return func(s *settings) { s.flags &^= abi.FlagAutocommit } }

// Config is the filter's configuration, as in YAML: maps, lists, texts, numbers, booleans.
// It belongs to New, or to a call without one.
func Config(values map[string]any) Option { return func(s *settings) { s.config = values } }

// Clock is what the time is to begin with; noon of 1 January 2026 otherwise. It belongs to New,
// or to a call without one.
func Clock(at time.Time) Option { return func(s *settings) { s.clock = at } }

// Server is what the statement is read as by: mariadb, mysql or tidb, and its version; mariadb otherwise.
func Server(flavour, version string) Option {
	return func(s *settings) { s.dialect.Flavour, s.dialect.Version = flavour, version }
}

// SQLMode is the session's sql_mode, such as ANSI_QUOTES.
func SQLMode(mode string) Option { return func(s *settings) { s.dialect.SQLMode = mode } }

// Charset is the client's character set; utf8mb4 otherwise.
func Charset(name string) Option { return func(s *settings) { s.dialect.Charset = name } }

// StatementID is the prepared statement's; 1 otherwise.
func StatementID(id uint32) Option { return func(s *settings) { s.statementID = id } }

// InPieces is a parameter that was sent with SEND_LONG_DATA: a filter does not see its value.
type InPieces struct{}

// Params are an execute's parameters: nil, integers, floats, bool, string, []byte, time.Time
// and InPieces. It panics on others.
func Params(values ...any) Option {
	all := make([]fake.Param, len(values))
	for i, v := range values {
		all[i] = param(v)
	}
	return func(s *settings) { s.params = all }
}

func param(value any) fake.Param {
	switch v := value.(type) {
	case nil:
		return fake.Param{Type: abi.ParamNull}
	case bool:
		if v {
			return fake.Param{Type: abi.ParamInt, Text: "1"}
		}
		return fake.Param{Type: abi.ParamInt, Text: "0"}
	case int, int8, int16, int32, int64:
		return fake.Param{Type: abi.ParamInt, Text: fmt.Sprint(v)}
	case uint, uint8, uint16, uint32, uint64:
		return fake.Param{Type: abi.ParamUint, Text: fmt.Sprint(v)}
	case float32:
		return fake.Param{Type: abi.ParamFloat, Text: strconv.FormatFloat(float64(v), 'g', -1, 32)}
	case float64:
		return fake.Param{Type: abi.ParamFloat, Text: strconv.FormatFloat(v, 'g', -1, 64)}
	case string:
		return fake.Param{Type: abi.ParamText, Text: v}
	case []byte:
		return fake.Param{Type: abi.ParamBytes, Text: string(v)}
	case time.Time:
		return fake.Param{Type: abi.ParamTime, Text: strings.TrimSuffix(v.Format("2006-01-02 15:04:05.000000"), ".000000")}
	case InPieces:
		return fake.Param{Type: abi.ParamUnknown}
	}
	panic(fmt.Sprintf("dbmeshtest: a parameter can't be a %T", value))
}

// Column is one of a result. An expression has no Origin and no table. Type and Flags are
// MySQL's numbers.
type Column struct {
	Name, Origin               string
	Table, TableOrigin, Schema string
	Type                       uint8
	Flags                      uint16
}

// Col is a VARCHAR of a table, named as schema.table.column, table.column or column.
func Col(name string) Column {
	c := Column{Type: 253}
	parts := strings.Split(name, ".")
	c.Name = parts[len(parts)-1]
	c.Origin = c.Name
	if len(parts) > 1 {
		c.Table = parts[len(parts)-2]
		c.TableOrigin = c.Table
	}
	if len(parts) > 2 {
		c.Schema = parts[len(parts)-3]
	}
	return c
}

// Columns are those of a Result.
func Columns(columns ...Column) Option {
	var all []fake.Column
	for _, c := range columns {
		all = append(all, fake.Column{Fields: [5]string{c.Name, c.Origin, c.Table, c.TableOrigin, c.Schema}, Type: c.Type, Flags: c.Flags})
	}
	return func(s *settings) { s.columns = all }
}

// Truncated is a statement of which dbmesh keeps only a part.
func Truncated() Option { return func(s *settings) { s.flags |= abi.FlagTruncated } }
