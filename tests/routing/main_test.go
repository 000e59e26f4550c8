// Package routing asks real servers where dbmesh sends statements: a MariaDB primary and its
// replica, each of which logs what it is sent. What a statement's place should be is in
// testdata, see corpus_test.go.
package routing

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
