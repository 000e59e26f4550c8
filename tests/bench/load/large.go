//go:build linux

package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// The large result is every row of `point` twice, its value eight times over:
// rows of some 970 bytes, 194 MB in all.
const (
	widen       = 8
	resultRows  = 2 * points
	largeResult = "SELECT id, REPEAT(c, 8) FROM twice STRAIGHT_JOIN point"
)

// runResult reads the large result over and over.
func runResult(o options) (func() (result, error), error) {
	return repeated(o, func(c *client.Conn) (int, error) {
		if err := c.Send(client.Append(nil, client.Query, []byte(largeResult))); err != nil {
			return 0, err
		}
		return readResult(c)
	})
}

// readResult follows one large result, checks each row and returns the bytes of all packets.
func readResult(c *client.Conn) (int, error) {
	bytes, rows := 0, 0
	for ends := 0; ends < 2; {
		p, _, err := c.Packet()
		if err != nil {
			return bytes, err
		}
		bytes += 4 + len(p)
		switch {
		case p[0] == 0xfe && len(p) < 9:
			ends++
		case ends == 1:
			rows++
			id, err := strconv.Atoi(string(p[1 : 1+p[0]]))
			if err != nil {
				return bytes, fmt.Errorf("row %d: %w", rows, err)
			}
			v := p[1+p[0]:]
			if len(v) != 3+widen*valueBytes {
				return bytes, fmt.Errorf("row %d: value of %d bytes", rows, len(v))
			}
			if err := checkValue(v[3:3+valueBytes], id); err != nil {
				return bytes, err
			}
		}
	}
	if rows != resultRows {
		return bytes, fmt.Errorf("%d rows in place of %d", rows, resultRows)
	}
	return bytes, nil
}

// runStatement sends a literal of o.size bytes over and over and is told its length.
func runStatement(o options) (func() (result, error), error) {
	sql := []byte("SELECT LENGTH('")
	for i := 0; len(sql) < o.size+len("SELECT LENGTH('"); i++ {
		sql = append(sql, 'a'+byte(i*i/7%26))
	}
	packet := client.Append(nil, client.Query, append(sql, "')"...))
	want, seq := strconv.Itoa(o.size), byte(1+len(packet)>>24) // a frame holds almost 16 MB
	return repeated(o, func(c *client.Conn) (int, error) {
		if err := c.Send(packet); err != nil {
			return 0, err
		}
		r, err := c.Reply(seq)
		if err != nil {
			return 0, err
		}
		if r.Rows != 1 || string(r.Row[1:]) != want {
			return 0, fmt.Errorf("length %q in place of %s", r.Row, want)
		}
		return len(packet), nil
	})
}

// repeated does a thing once to warm up and then until the time is over.
func repeated(o options, do func(c *client.Conn) (bytes int, err error)) (func() (result, error), error) {
	c, err := client.Dial(o.addr, o.who)
	if err != nil {
		return nil, err
	}
	c.Grow(1 << 20)
	if _, err := do(c); err != nil {
		return nil, fmt.Errorf("warm up: %w", err)
	}
	return func() (result, error) {
		var r result
		for end := time.Now().Add(o.time); time.Now().Before(end); r.Ops++ {
			n, err := do(c)
			if err != nil {
				return r, err
			}
			r.Bytes += n
		}
		return r, nil
	}, nil
}
