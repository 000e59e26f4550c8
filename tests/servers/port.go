package servers

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below Linux's range for outgoing connections (32768 and
// up), so that no connection of the test itself can sit on a server's port
// between two of its runs.
const (
	firstPort = 20000
	lastPort  = 32000
)

// freePorts finds n ports in a row that nobody listens on now and gives the
// first. Another process may take one before the server does: the starter then
// tries again.
func freePorts(n int) (int, error) {
	for range 100 {
		first := firstPort + rand.IntN(lastPort-firstPort-n)
		if allFree(first, n) {
			return first, nil
		}
	}
	return 0, errors.New("no free ports between 20000 and 32000")
}

func allFree(first, n int) bool {
	for i := range n {
		l, err := net.Listen("tcp", local(first+i))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
