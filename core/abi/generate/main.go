// Command generate writes the constants and host functions of core/abi into the SDKs, each in
// the SDK's own language. Run it from the root of the repository: go run ./core/abi/generate.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// write puts the files into the tree at root. Files that are right already stay untouched.
func write(root string) error {
	made, err := files(root)
	if err != nil {
		return err
	}
	for name, text := range made {
		path := filepath.Join(root, name)
		if old, err := os.ReadFile(path); err == nil && string(old) == text {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // sources are for everybody
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // sources are for everybody
			return err
		}
	}
	return nil
}

// files are what is generated, by path below the root.
func files(root string) (map[string]string, error) {
	s, err := read(filepath.Join(root, "core/abi"))
	if err != nil {
		return nil, err
	}
	constants, err := goConstants(s)
	if err != nil {
		return nil, err
	}
	imports, err := goImports(s)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"filter-sdk/abi/abi.go":                   constants,
		"filter-sdk/internal/host/imports.go":     imports,
		"filter-sdk/c/dbmesh_abi.h":               cHeader(s),
		"filter-sdk/rust/dbmesh_abi.rs":           rust(s),
		"filter-sdk/assemblyscript/dbmesh/abi.ts": assemblyScript(s),
	}, nil
}
