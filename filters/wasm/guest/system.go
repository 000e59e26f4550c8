package guest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"unicode/utf16"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/tetratelabs/wazero/api"
)

func logLine(in *instance, s []uint64) {
	level := [...]slog.Level{abi.LogDebug: slog.LevelDebug, abi.LogInfo: slog.LevelInfo,
		abi.LogWarn: slog.LevelWarn, abi.LogError: slog.LevelError}[min(uint32(s[0]), abi.LogError)]
	text := in.bytes(s[1], uint64(min(uint32(s[2]), abi.MaxLogLine)))
	in.spend(uint64(len(text) / 16))
	in.program.lines.write(level, text)
}

func nowNS(in *instance, s []uint64) { s[0] = uint64(in.program.clock.now().UnixNano()) }

func configAll(in *instance, s []uint64) { give(in, s, 0, in.program.config.text) }

func configGet(in *instance, s []uint64) {
	key := in.input(s, s[0], s[1], abi.MaxKey)
	if key == nil {
		return
	}
	in.spend(uint64(20 * bytes.Count(key, []byte{'.'}))) // each goes a step down
	if value, ok := in.program.config.get(string(key)); ok {
		in.spend(uint64(len(value))) // lists and maps are written anew each time
		give(in, s, 2, value)
		return
	}
	answer(s, abi.NotThere)
}

// abort is env.abort of AssemblyScript: texts are UTF-16 with their length in bytes before them.
func abort() function {
	i := api.ValueTypeI32
	return function{params: []api.ValueType{i, i, i, i}, run: func(in *instance, s []uint64) {
		text := fmt.Sprintf("abort: %s at %s:%d:%d", in.wide(s[0]), in.wide(s[1]), uint32(s[2]), uint32(s[3]))
		in.output.write(2, append([]byte(text), '\n'))
		panic(misuse(text))
	}}
}

// maxWide is how many characters of AssemblyScript's texts are read.
const maxWide = 256

func (in *instance) wide(address uint64) string {
	at := uint32(address)
	head, ok := in.memory.view(at-4, 4)
	if at < 4 || !ok {
		return "?"
	}
	b, ok := in.memory.view(at, min(binary.LittleEndian.Uint32(head)&^1, 2*maxWide))
	if !ok {
		return "?"
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
