//go:build linux

package client

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Packet returns the next packet's payload, valid until the next read, and its
// sequence number. It waits for the packet; an ERR packet is returned as an error.
func (c *Conn) Packet() ([]byte, byte, error) {
	for {
		b := c.Bytes()
		if len(b) >= 4 {
			n := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
			if n == 0 {
				return nil, 0, errors.New("empty packet")
			}
			if len(b) >= 4+n {
				c.Take(4 + n)
				if b[4] == 0xff {
					return nil, b[3], packetError(b[4 : 4+n])
				}
				return b[4 : 4+n], b[3], nil
			}
		}
		if err := c.Fill(); err != nil {
			return nil, 0, fmt.Errorf("wait for a packet: %w", err)
		}
	}
}

// Reply waits for the next whole reply, whose first packet must have the number
// seq: 1 after a command of one frame. Its Row is valid until the next read.
func (c *Conn) Reply(seq byte) (Reply, error) {
	for {
		r, n, err := Parse(c.Bytes(), seq)
		if n > 0 || err != nil {
			c.Take(n)
			return r, err
		}
		if err := c.Fill(); err != nil {
			return r, fmt.Errorf("wait for a reply: %w", err)
		}
	}
}

// Query sends one statement and waits for its reply.
func (c *Conn) Query(sql string) (Reply, error) {
	c.out = Append(c.out[:0], Query, []byte(sql))
	if err := c.Send(c.out); err != nil {
		return Reply{}, err
	}
	return c.Reply(1)
}

// Prepare prepares a statement of one column and one parameter and returns its id.
func (c *Conn) Prepare(sql string) (uint32, error) {
	c.out = Append(c.out[:0], StmtPrepare, []byte(sql))
	if err := c.Send(c.out); err != nil {
		return 0, err
	}
	p, _, err := c.Packet()
	if err != nil {
		return 0, fmt.Errorf("prepare: %w", err)
	}
	if len(p) < 9 || p[5] != 1 || p[7] != 1 {
		return 0, errors.New("prepare: not one column and one parameter")
	}
	id := binary.LittleEndian.Uint32(p[1:])
	for range 4 { // parameter, end, column, end
		if _, _, err := c.Packet(); err != nil {
			return 0, fmt.Errorf("prepare: %w", err)
		}
	}
	return id, nil
}

// AppendExecute frames the execution of a statement with one 64-bit argument.
func AppendExecute(dst []byte, statement uint32, arg uint64) []byte {
	var b [21]byte
	binary.LittleEndian.PutUint32(b[0:], statement)
	b[5] = 1            // one iteration; b[4]: no cursor; b[9]: no NULL
	b[10], b[11] = 1, 8 // types follow: LONGLONG
	binary.LittleEndian.PutUint64(b[13:], arg)
	return Append(dst, StmtExecute, b[:])
}

// Quit says goodbye and waits until the server has closed.
func (c *Conn) Quit() error {
	err := c.Send([]byte{1, 0, 0, 0, Quit})
	for err == nil {
		err = c.Fill()
		c.r, c.w = 0, 0
	}
	if closeErr := c.Close(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("quit: %w", err)
	} else if closeErr != nil {
		return fmt.Errorf("quit: %w", closeErr)
	}
	return nil
}
