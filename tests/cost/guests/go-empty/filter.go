// Command go-empty is a guest whose hook does nothing, without the SDK: what a call costs.
package main

import "unsafe"

var block [256]byte

//go:wasmexport dbmesh_v1
func version() int32 { return 0 }

//go:wasmexport dbmesh_block
func address() int32 { return int32(uintptr(unsafe.Pointer(&block))) }

//go:wasmexport on_query
func query(int32) int64 { return 0 }

func main() {}
