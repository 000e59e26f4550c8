package sidecar

import (
	"os"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// Scale says how much of a long test to run.
type Scale int

// The scales, each with what is in the one before.
const (
	Short Scale = iota // what "make test" runs
	CI
	Full
)

// Now is the scale that this run was asked for by servers.ScaleVariable.
func Now() Scale {
	switch os.Getenv(servers.ScaleVariable) {
	case "ci":
		return CI
	case "full":
		return Full
	}
	return Short
}
