// Command stock is a guest of stock Go without an SDK: it denies what it finds in the text
// area, and breaks in the ways of Go programs.
package main

import (
	"encoding/binary"
	"os"
	"strings"
	"time"
	"unsafe"
)

const textSize = 4096

var (
	block  [256 + textSize]byte
	answer []byte
	kept   [][]byte
)

func init() { binary.LittleEndian.PutUint32(block[92:], textSize) }

//go:wasmexport dbmesh_v1
func version() uint32 { return 0 }

//go:wasmexport dbmesh_block
func blockAt() uint32 { return uint32(uintptr(unsafe.Pointer(&block[0]))) }

//go:wasmexport dbmesh_hooks
func hooks() uint64 { return textSize<<32 | 1<<2 | 1<<6 }

//go:wasmexport on_done
func onDone(uint32) uint64 { return 0 }

//go:wasmexport on_query
func onQuery(uint32) uint64 {
	n := binary.LittleEndian.Uint32(block[20:])
	sql := unsafe.String(&block[256], n)
	switch {
	case strings.Contains(sql, "sleep("):
		answer = append(binary.LittleEndian.AppendUint16(answer[:0], 1105), "HY000no sleeping"...)
		return uint64(uintptr(unsafe.Pointer(&answer[0])))<<32 | uint64(len(answer))<<8 | 1
	case sql == "panic":
		panic("boom at " + time.Unix(0, 0).UTC().Format(time.RFC3339))
	case sql == "exit":
		os.Exit(3)
	case sql == "deadlock":
		<-make(chan int)
	case sql == "hoard":
		for {
			kept = append(kept, make([]byte, 1<<20))
		}
	case sql == "churn":
		for range 100 {
			answer = make([]byte, 64<<10)
		}
	case sql == "nap":
		time.Sleep(time.Hour)
	case sql == "spin":
		for i := 0; ; i++ {
			answer = answer[:0]
		}
	}
	return 0
}

func main() {}
