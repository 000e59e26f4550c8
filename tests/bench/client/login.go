//go:build linux

package client

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	capLongPassword  = 1 << 0
	capLongFlag      = 1 << 2
	capWithDatabase  = 1 << 3
	capProtocol41    = 1 << 9
	capTransactions  = 1 << 13
	capSecure        = 1 << 15
	capMultiResults  = 1 << 17
	capPluginAuth    = 1 << 19
	charsetUTF8MB4   = 45
	nativePlugin     = "mysql_native_password"
	saltBytes        = 20
	largestHandshake = 16 << 20
)

// login plays the connection phase with the native password method, with at
// most one change of method asked for by the server.
func (c *Conn) login(who Account) error {
	hello, _, err := c.Packet()
	if err != nil {
		return err
	}
	salt, err := greetingSalt(hello)
	if err != nil {
		return err
	}
	caps := uint32(capLongPassword | capLongFlag | capProtocol41 | capTransactions | capSecure | capMultiResults | capPluginAuth)
	if who.Database != "" {
		caps |= capWithDatabase
	}
	b := binary.LittleEndian.AppendUint32(nil, caps)
	b = binary.LittleEndian.AppendUint32(b, largestHandshake)
	b = append(append(b, charsetUTF8MB4), make([]byte, 23)...)
	b = append(append(b, who.User...), 0)
	proof := nativeProof(who.Password, salt)
	b = append(append(b, byte(len(proof))), proof...)
	if who.Database != "" {
		b = append(append(b, who.Database...), 0)
	}
	b = append(append(b, nativePlugin...), 0)
	if err := c.sendFrame(b, 1); err != nil {
		return err
	}
	p, seq, err := c.Packet()
	if err != nil {
		return err
	}
	if p[0] == 0xfe {
		name, rest, _ := bytes.Cut(p[1:], []byte{0})
		if string(name) != nativePlugin || len(rest) < saltBytes {
			return fmt.Errorf("server asks for the method %q", name)
		}
		if err := c.sendFrame(nativeProof(who.Password, rest[:saltBytes]), seq+1); err != nil {
			return err
		}
		if p, _, err = c.Packet(); err != nil {
			return err
		}
	}
	if p[0] != 0 {
		return fmt.Errorf("login answered with packet type %#x", p[0])
	}
	return nil
}

func (c *Conn) sendFrame(p []byte, seq byte) error {
	c.out = append(c.out[:0], byte(len(p)), byte(len(p)>>8), byte(len(p)>>16), seq)
	c.out = append(c.out, p...)
	return c.Send(c.out)
}

// greetingSalt takes the 20 bytes to prove the password with out of the
// server's first packet.
func greetingSalt(p []byte) ([]byte, error) {
	if len(p) < 1 || p[0] != 10 {
		return nil, errors.New("greeting of an unknown protocol version")
	}
	_, rest, ok := bytes.Cut(p[1:], []byte{0})
	if !ok || len(rest) < 4+8+1+2+1+2+2+1+10+12 {
		return nil, errors.New("short greeting")
	}
	salt := append([]byte{}, rest[4:12]...)
	return append(salt, rest[31:31+12]...), nil
}

// nativeProof is SHA1(password) XOR SHA1(salt + SHA1(SHA1(password))).
func nativeProof(password string, salt []byte) []byte {
	if password == "" {
		return nil
	}
	one := sha1.Sum([]byte(password))
	two := sha1.Sum(one[:])
	proof := sha1.Sum(append(append([]byte{}, salt...), two[:]...))
	for i := range proof {
		proof[i] ^= one[i]
	}
	return proof[:]
}
