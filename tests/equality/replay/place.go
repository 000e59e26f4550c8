package replay

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

// Load reads all recordings of a flavour of server below dir, sorted by their titles. Those
// whose authentication was not recorded can't be replayed and are left out.
func Load(dir, flavour string) ([]dialogue.Recording, error) {
	files, err := filepath.Glob(filepath.Join(dir, flavour, "*.txt"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no recordings of %s in %s: %w", flavour, dir, err)
	}
	var all []dialogue.Recording
	for _, file := range files {
		some, err := dialogue.Recordings(file)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	all = slices.DeleteFunc(all, func(r dialogue.Recording) bool {
		// dbmesh asks for the id that the client saw in other words.
		return strings.HasPrefix(r.Title, "change_user_usual/") || strings.HasPrefix(r.Title, "select_connection_id/")
	})
	slices.SortFunc(all, func(a, b dialogue.Recording) int { return cmp.Compare(a.Title, b.Title) })
	return all, nil
}

// Greeting is that of a server with every capability that the recordings have.
func Greeting(all []dialogue.Recording) wire.Greeting {
	g := wire.Greeting{Version: "11.4.0-replay", ConnectionID: 7, Collation: 45, Status: wire.StatusAutocommit, Plugin: wire.Native}
	for _, r := range all {
		g.Caps |= r.Caps
	}
	if g.Caps>>32 != 0 {
		g.Caps &^= wire.LongPassword
	}
	return g
}
