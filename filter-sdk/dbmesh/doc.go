// Package dbmesh is what a filter for dbmesh is written with. A filter is a package main that
// registers functions in an init, and is compiled into a WebAssembly module:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o rule.wasm
//
// The same package compiles for the machine at hand too, and package dbmeshtest runs it there.
//
// # Lifetime of strings
//
// Texts that come from dbmesh (SQL, names of tables, parameters, attributes, keys' values) are
// views into memory that the next hook overwrites. Use them as you like inside the hook;
// strings.Clone what has to stay longer. Config, User and Schema give strings that stay.
//
// # Instances
//
// dbmesh keeps several instances of a filter, each with memory of its own. A hook may run in
// any of them, one at a time. So package variables are good for what OnConfigure reads, and for
// nothing that belongs to a session (use Slot or State) or to all (use the KV functions).
//
// # Capabilities
//
// A host function is imported only by a filter that calls it, and dbmesh refuses a filter that
// imports what it was not granted. Methods below say which capability they need; facts, config,
// patterns on own texts and metrics need none, and sql and log are granted to everybody
// unless the operator says otherwise.
package dbmesh
