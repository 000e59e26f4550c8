// Command pack writes the archive of the SDKs that travels in dbmesh. Run it from the root of
// the tree; make generate does.
package main

import (
	"fmt"
	"os"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/scaffold/archive"
)

func main() {
	packed, err := archive.Pack(os.DirFS("filter-sdk"))
	if err == nil {
		err = os.WriteFile("cmd/dbmesh/scaffold/sdk.tar", packed, 0o644) //nolint:gosec // part of the source
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}
