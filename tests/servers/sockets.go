package servers

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
)

// ErrNoSockets says that this system does not tell of its sockets.
var ErrNoSockets = errors.New("no list of sockets")

// Sockets are the local ports of this machine's IPv4 sockets that are connected to one of its
// ports and not closed yet, on their side.
func Sockets(port int) (map[string]bool, error) {
	const isEstablished = "01"
	f, err := os.Open("/proc/net/tcp")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoSockets
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	open := map[string]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != isEstablished {
			continue
		}
		if local, remote := hexPort(fields[1]), hexPort(fields[2]); remote == int64(port) {
			open[strconv.FormatInt(local, 10)] = true
		}
	}
	return open, lines.Err()
}

func hexPort(address string) int64 {
	_, port, _ := strings.Cut(address, ":")
	n, err := strconv.ParseInt(port, 16, 32)
	if err != nil {
		return -1 // the heading
	}
	return n
}

// Connections is how many connections the server has whose row in its list of processes
// fulfils a condition. One that its client has closed stays in the list until the server's
// thread runs, which on a busy machine takes a while: it counts no more.
func (b *Backend) Connections(t testing.TB, condition string) int {
	t.Helper()
	rows := b.SQL(t, "SELECT host FROM information_schema.processlist WHERE "+condition)
	open, err := Sockets(b.Port)
	if errors.Is(err, ErrNoSockets) {
		return len(rows)
	}
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, row := range rows {
		if _, port, _ := strings.Cut(row[0], ":"); open[port] {
			n++
		}
	}
	return n
}
