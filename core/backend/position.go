package backend

import (
	"fmt"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// Position is a set of transactions, written as GTIDs. It is immutable.
type Position struct {
	text string
	set  mysql.GTIDSet
}

// parsePosition reads a position as a server writes it. The parser is not ours and has seen
// few servers, so that a panic of its counts as an error.
func parsePosition(flavour, text string) (p *Position, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("GTID position %q: %v", text, r)
		}
	}()
	text = strings.ReplaceAll(text, "\n", "") // MySQL breaks long ones into lines
	if text != "" && strings.Contains(","+text+",", ",,") {
		return nil, fmt.Errorf("GTID position %q has an empty part", text)
	}
	set, err := mysql.ParseGTIDSet(flavour, text)
	if err != nil {
		return nil, fmt.Errorf("GTID position %q: %w", text, err)
	}
	return &Position{text: text, set: set}, nil
}

// String is the position as the server wrote it.
func (p *Position) String() string { return p.text }

// Covers says whether a server that is at p has everything that belongs to q.
func (p *Position) Covers(q *Position) (covers bool) {
	defer func() {
		if recover() != nil {
			covers = false
		}
	}()
	if p.text == q.text {
		return true
	}
	have, ok := p.set.(*mysql.MariadbGTIDSet)
	if !ok {
		return p.set.Contain(q.set)
	}
	want, ok := q.set.(*mysql.MariadbGTIDSet)
	if !ok {
		return false
	}
	for domain, g := range want.Sets {
		h := have.Sets[domain]
		switch {
		case h == nil || h.SequenceNumber < g.SequenceNumber:
			return false
		case h.SequenceNumber == g.SequenceNumber && h.ServerID != g.ServerID:
			return false // the same number for something else: they went apart
		}
	}
	return true
}

// with gives a MariaDB position that has what p has and what q has.
func (p *Position) with(q *Position) *Position {
	if p.text == q.text || q.text == "" {
		return p
	}
	have, ok := p.set.Clone().(*mysql.MariadbGTIDSet)
	more, more2 := q.set.(*mysql.MariadbGTIDSet)
	if !ok || !more2 {
		return p
	}
	for domain, g := range more.Sets {
		if h := have.Sets[domain]; h == nil || h.SequenceNumber < g.SequenceNumber {
			have.Sets[domain] = g.Clone()
		}
	}
	return &Position{text: have.String(), set: have}
}
