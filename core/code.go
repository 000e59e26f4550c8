package core

import "fmt"

// Code is the first byte of a command packet, MySQL's COM_*.
type Code byte

// The commands of the protocol. BulkExecute is MariaDB's; the others have MySQL's numbers.
const (
	Quit            Code = 0x01
	InitDB          Code = 0x02
	Query           Code = 0x03
	FieldList       Code = 0x04
	CreateDB        Code = 0x05
	DropDB          Code = 0x06
	Refresh         Code = 0x07
	Shutdown        Code = 0x08
	Statistics      Code = 0x09
	ProcessInfo     Code = 0x0a
	ProcessKill     Code = 0x0c
	Debug           Code = 0x0d
	Ping            Code = 0x0e
	ChangeUser      Code = 0x11
	BinlogDump      Code = 0x12
	TableDump       Code = 0x13
	RegisterSlave   Code = 0x15
	Prepare         Code = 0x16
	Execute         Code = 0x17
	SendLongData    Code = 0x18
	CloseStatement  Code = 0x19
	ResetStatement  Code = 0x1a
	SetOption       Code = 0x1b
	Fetch           Code = 0x1c
	BinlogDumpGTID  Code = 0x1e
	ResetConnection Code = 0x1f
	Clone           Code = 0x20
	BulkExecute     Code = 0xfa
)

var codeNames = [256]string{
	Quit: "quit", InitDB: "init_db", Query: "query", FieldList: "field_list",
	CreateDB: "create_db", DropDB: "drop_db", Refresh: "refresh", Shutdown: "shutdown",
	Statistics: "statistics", ProcessInfo: "process_info", ProcessKill: "process_kill",
	Debug: "debug", Ping: "ping", ChangeUser: "change_user", BinlogDump: "binlog_dump",
	TableDump: "table_dump", RegisterSlave: "register_slave", Prepare: "prepare",
	Execute: "execute", SendLongData: "send_long_data", CloseStatement: "close_statement",
	ResetStatement: "reset_statement", SetOption: "set_option", Fetch: "fetch",
	BinlogDumpGTID: "binlog_dump_gtid", ResetConnection: "reset_connection",
	Clone: "clone", BulkExecute: "bulk_execute",
}

// Known says whether the code is one that dbmesh knows how to follow.
func (c Code) Known() bool { return codeNames[c] != "" }

func (c Code) String() string {
	if c.Known() {
		return codeNames[c]
	}
	return fmt.Sprintf("unknown_0x%02x", byte(c))
}

// hookOf says which of a Commander's hooks a command is for.
func hookOf(c Code) Hook {
	switch c {
	case Query:
		return HookQuery
	case Prepare:
		return HookPrepare
	case Execute, BulkExecute, Fetch:
		return HookExecute
	case InitDB:
		return HookInitDB
	}
	return HookOther
}
