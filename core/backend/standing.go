package backend

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// ErrNoPositions says that a server has nothing by which it could be told what another one
// lacks of its writes: no GTIDs, no binary log, or no control account to ask with.
var ErrNoPositions = errors.New("no GTID positions to compare")

// Standing is where a server stood in replication when it was asked. It is immutable.
type Standing struct {
	// Written is all that was committed there for others to replicate; nil if it keeps no
	// binary log, so that nobody can.
	Written *Position
	Applied *Position // what it had of others' writes

	server string // tells it from other servers; "" where that is not needed
	asked  time.Time
}

// Has says whether a server has everything that home had committed.
func (s *Standing) Has(home *Standing) bool {
	if home.Written == nil {
		return false
	}
	if s.Written != nil && s.server != "" && s.server == home.server {
		return s.Written.Covers(home.Written)
	}
	return s.Applied.Covers(home.Written)
}

// What is asked. MariaDB's gtid_binlog_pos lacks what a server without log_slave_updates
// has replicated, and gtid_current_pos what was written under another server_id. Only
// gtid_slave_pos counts as applied: a write that a replica took of its own would look like
// one of the primary's.
const (
	askMariaDB = "SELECT @@global.log_bin, CONCAT_WS('/', @@hostname, @@port, @@server_id, @@datadir), " +
		"@@global.gtid_binlog_pos, @@global.gtid_current_pos, @@global.gtid_slave_pos"
	askMySQL = "SELECT @@global.gtid_mode, @@global.gtid_executed"
)

// stand asks a server where it stands. Before is what it said last, nil for nothing: what
// has not changed is not parsed again.
func stand(ctx context.Context, l *line, before *Standing) (*Standing, error) {
	version := strings.ToLower(l.link.Greeting.Version)
	switch {
	case strings.Contains(version, "tidb"):
		return nil, ErrNoPositions
	case strings.Contains(version, "mariadb"):
		return standMariaDB(ctx, l)
	}
	row, err := l.row(ctx, askMySQL, 2)
	if err != nil {
		return nil, err
	}
	if row[0] != "ON" {
		return nil, fmt.Errorf("%w: gtid_mode is %s", ErrNoPositions, row[0])
	}
	if before != nil && before.Applied.text == strings.ReplaceAll(row[1], "\n", "") {
		return &Standing{Written: before.Applied, Applied: before.Applied}, nil
	}
	at, err := parsePosition(mysql.MySQLFlavor, row[1])
	if err != nil {
		return nil, err
	}
	return &Standing{Written: at, Applied: at}, nil
}

func standMariaDB(ctx context.Context, l *line) (*Standing, error) {
	row, err := l.row(ctx, askMariaDB, 5)
	if err != nil {
		return nil, err
	}
	var all [3]*Position
	for i, text := range row[2:] {
		if all[i], err = parsePosition(mysql.MariaDBFlavor, text); err != nil {
			return nil, err
		}
	}
	s := &Standing{Written: all[0].with(all[1]), Applied: all[2], server: row[1]}
	if row[0] == "0" { // log_bin
		s.Written = nil
	}
	return s, nil
}
