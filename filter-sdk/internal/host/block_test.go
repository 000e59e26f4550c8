package host

import (
	"testing"
	"unsafe"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

func TestTheHeaderHasItsFieldsWhereTheInterfaceHasThem(t *testing.T) {
	var h Header
	for name, at := range map[string][2]uintptr{
		"Layout": {unsafe.Offsetof(h.Layout), abi.AtLayout}, "Hook": {unsafe.Offsetof(h.Hook), abi.AtHook},
		"Flags": {unsafe.Offsetof(h.Flags), abi.AtFlags}, "Kind": {unsafe.Offsetof(h.Kind), abi.AtKind},
		"Access": {unsafe.Offsetof(h.Access), abi.AtAccess}, "Tables": {unsafe.Offsetof(h.Tables), abi.AtTables},
		"Params": {unsafe.Offsetof(h.Params), abi.AtParams}, "Columns": {unsafe.Offsetof(h.Columns), abi.AtColumns},
		"SQLLength": {unsafe.Offsetof(h.SQLLength), abi.AtSQLLength}, "TextLength": {unsafe.Offsetof(h.TextLength), abi.AtTextLength},
		"Digest": {unsafe.Offsetof(h.Digest), abi.AtDigest}, "Session": {unsafe.Offsetof(h.Session), abi.AtSession},
		"Sequence": {unsafe.Offsetof(h.Sequence), abi.AtSequence}, "User": {unsafe.Offsetof(h.User), abi.AtUser},
		"Schema": {unsafe.Offsetof(h.Schema), abi.AtSchema}, "Address": {unsafe.Offsetof(h.Address), abi.AtAddress},
		"Port": {unsafe.Offsetof(h.Port), abi.AtPort}, "Statement": {unsafe.Offsetof(h.Statement), abi.AtStatement},
		"Statements": {unsafe.Offsetof(h.Statements), abi.AtStatements}, "ErrorCode": {unsafe.Offsetof(h.ErrorCode), abi.AtErrorCode},
		"Time": {unsafe.Offsetof(h.Time), abi.AtTime}, "StatementID": {unsafe.Offsetof(h.StatementID), abi.AtStatementID},
		"TextCapacity": {unsafe.Offsetof(h.TextCapacity), abi.AtTextCapacity}, "Rows": {unsafe.Offsetof(h.Rows), abi.AtRows},
		"Affected": {unsafe.Offsetof(h.Affected), abi.AtAffected}, "Latency": {unsafe.Offsetof(h.Latency), abi.AtLatency},
		"Bytes": {unsafe.Offsetof(h.Bytes), abi.AtBytes}, "Functions": {unsafe.Offsetof(h.Functions), abi.AtFunctions},
		"Slot": {unsafe.Offsetof(h.Slot), abi.AtSlot}, "all of it": {unsafe.Sizeof(h), abi.HeaderSize},
	} {
		if at[0] != at[1] {
			t.Errorf("%s is at %d, want %d", name, at[0], at[1])
		}
	}
}

func TestTheTextStandsBehindTheHeader(t *testing.T) {
	block := Lay(5)
	if uintptr(block)%8 != 0 || Block.TextCapacity != 5 || Text() != "" {
		t.Fatalf("block at %p with room for %d and the text %q", block, Block.TextCapacity, Text())
	}
	copy(unsafe.Slice((*byte)(unsafe.Add(block, abi.HeaderSize)), 5), "SELEC")
	Block.TextLength = 3
	if Text() != "SEL" {
		t.Errorf("the text is %q", Text())
	}
}
