//go:build !wasip1

package host

import (
	"time"
	"unsafe"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/fake"
)

// Guest is a filter in the test's own process, as package dbmesh makes it callable.
type Guest struct {
	Place     func()                                           // what dbmesh_block does
	Configure func() (message string)                          // what dbmesh_configure does
	Hooks     func() int64                                     // what dbmesh_hooks does
	Call      func(hook, arg int32) (op uint8, payload string) // a hook; the payload is good until Spoil
	Spoil     func()                                           // overwrites the views that the hook was given
}

// Current answers the filter's host functions. A test sets it before each call of the guest.
var Current *fake.Host

func put(text string, ok bool, ptr unsafe.Pointer, room, off uint32) int32 {
	if !ok {
		return abi.NotThere
	}
	if uint64(off) < uint64(len(text)) {
		copy(unsafe.Slice((*byte)(ptr), room), text[off:])
	}
	return int32(len(text))
}

// element gives an element of a list, or says that there is none.
func element[T any](list []T, i int32) (one T, ok bool) {
	if i >= 0 && int(i) < len(list) {
		return list[i], true
	}
	return one, false
}

// now is also there before a test has begun, for package variables.
func now() time.Time {
	if Current == nil || Current.Services == nil {
		return time.Now()
	}
	return Current.Services.Clock()
}

func SQL(ptr unsafe.Pointer, room, off uint32) int32 {
	return put(Current.SQL, Current.HasText, ptr, room, off)
}

func Digest(ptr unsafe.Pointer, room, off uint32) int32 {
	return put(Current.Digest, Current.Digest != "", ptr, room, off)
}

func DigestText(ptr unsafe.Pointer, room, off uint32) int32 {
	return put(Current.DigestText, Current.DigestText != "", ptr, room, off)
}

func Table(index int32, ptr unsafe.Pointer, room, off uint32) int32 {
	t, ok := element(Current.Tables, index)
	return put(t.Full, ok, ptr, room, off)
}

func TableAccess(index int32) int32 {
	t, ok := element(Current.Tables, index)
	switch {
	case !ok:
		return abi.NotThere
	case t.Written:
		return 1
	}
	return 0
}

func Clause(id int32) int64 {
	r, ok := Current.Clauses[id]
	return packed(r, ok)
}

func Place(index int32) int64 {
	p, ok := element(Current.Places, index)
	return packed(p.Range, ok)
}

func packed(r fake.Range, ok bool) int64 {
	if !ok {
		return abi.NotThere
	}
	return int64(r.Start)<<32 | int64(r.End)
}

func PlaceName(index int32, ptr unsafe.Pointer, room, off uint32) int32 {
	p, ok := element(Current.Places, index)
	return put(p.Full, ok, ptr, room, off)
}

func Function(index int32, ptr unsafe.Pointer, room, off uint32) int32 {
	f, ok := element(Current.Functions, index)
	return put(f, ok, ptr, room, off)
}

func Param(index int32, ptr unsafe.Pointer, room, off uint32) int32 {
	p, ok := element(Current.Params, index)
	return put(p.Text, ok && p.Type != abi.ParamNull && p.Type != abi.ParamUnknown, ptr, room, off)
}

func ParamType(index int32) int32 {
	p, ok := element(Current.Params, index)
	if !ok {
		return abi.NotThere
	}
	return p.Type
}

func SessionStr(id int32, ptr unsafe.Pointer, room, off uint32) int32 {
	if Current.Session == nil || id < 0 || int(id) >= len(Current.Session.Strings) {
		return abi.NotThere
	}
	return put(Current.Session.Strings[id], true, ptr, room, off)
}

func Attribute(name string, ptr unsafe.Pointer, room, off uint32) int32 {
	if Current.Session == nil {
		return abi.NotThere
	}
	text, ok := Current.Session.Attributes[name]
	return put(text, ok, ptr, room, off)
}

func Column(index, field int32, ptr unsafe.Pointer, room, off uint32) int32 {
	c, ok := element(Current.Columns, index)
	text, known := element(c.Fields[:], field)
	return put(text, ok && known, ptr, room, off)
}

func ColumnType(index int32) int32 {
	c, ok := element(Current.Columns, index)
	if !ok {
		return abi.NotThere
	}
	return int32(c.Type) | int32(c.Flags)<<8
}

func ErrorStr(id int32, ptr unsafe.Pointer, room, off uint32) int32 {
	text, ok := element(Current.Error[:], id)
	return put(text, ok && text != "", ptr, room, off)
}

func Config(ptr unsafe.Pointer, room, off uint32) int32 {
	return put(Current.Config.Text, true, ptr, room, off)
}

func ConfigGet(key string, ptr unsafe.Pointer, room, off uint32) int32 {
	text, ok := Current.Config.Get(key)
	return put(text, ok, ptr, room, off)
}
