package dialogue

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
)

func newReader(r io.Reader) io.Reader { return bufio.NewReaderSize(r, 64<<10) }

// answer reads the server's answer to its end.
func (p *player) answer(k kind) error {
	switch k {
	case none:
		return nil
	case closing:
		_, err := p.packet()
		if err == nil {
			err = fmt.Errorf("the server says something instead of closing")
		}
		return err
	case farewell:
		for {
			if _, err := p.packet(); err != nil {
				return err
			}
		}
	case status, single:
		_, err := p.packet()
		return err
	case result, cursor:
		return p.results(k == cursor)
	case prepare:
		return p.prepared()
	case rows:
		_, err := p.rows()
		return err
	}
	return p.changed(k == quietly)
}

func (p *player) deprecated() bool { return p.caps.Has(wire.DeprecateEOF) }

// results reads results until one says that none follows.
func (p *player) results(cursor bool) error {
	files := p.step.Files
	for {
		b, err := p.packet()
		if err != nil {
			return err
		}
		var flags uint16
		switch {
		case b[0] == 0xff && p.caps.Has(wire.Progress) && len(b) > 2 && b[1] == 0xff && b[2] == 0xff:
			continue
		case b[0] == 0xff:
			return nil
		case b[0] == 0:
			flags = okFlags(b)
		case b[0] == 0xfb:
			var file []string
			if len(files) > 0 {
				file, files = files[0], files[1:]
			}
			var behind []Step
			if len(files) == 0 {
				behind = p.step.Behind
			}
			if err := p.upload(file, behind); err != nil {
				return err
			}
			continue
		default:
			var end bool
			if flags, end, err = p.result(b, cursor); err != nil || end {
				return err
			}
		}
		if flags&wire.StatusMoreResults == 0 {
			return nil
		}
	}
}

// result reads one result set behind its count of columns. end says that the whole answer
// is over: by an error, or because a cursor keeps the rows.
func (p *player) result(first []byte, cursor bool) (flags uint16, end bool, err error) {
	n, used := lenencAt(first)
	if n == 0 {
		return 0, false, fmt.Errorf("no count of columns: %x", first)
	}
	if !p.caps.Has(wire.CacheMetadata) || len(first) <= used || first[used] != 0 {
		if err := p.skip(n); err != nil {
			return 0, false, err
		}
	}
	if !p.deprecated() {
		b, err := p.packet()
		if err != nil {
			return 0, false, err
		}
		if flags = eofFlags(b); cursor && flags&wire.StatusCursor != 0 {
			return flags, true, nil
		}
	}
	b, err := p.rows()
	if err != nil || b[0] == 0xff {
		return 0, true, err
	}
	return p.endFlags(b), false, nil
}

func (p *player) skip(packets uint64) error {
	for range packets {
		if _, err := p.packet(); err != nil {
			return err
		}
	}
	return nil
}

// rows reads packets up to the one that ends rows, and returns that.
func (p *player) rows() ([]byte, error) {
	for {
		b, err := p.packet()
		switch {
		case err != nil:
			return nil, err
		case b[0] == 0xff:
			return b, nil
		case b[0] == 0xfe && p.deprecated() && len(b) < wire.MaxPayload:
			return b, nil
		case b[0] == 0xfe && !p.deprecated() && len(b) < 9:
			return b, nil
		}
	}
}

func (p *player) prepared() error {
	p.step.Mask = "statement-id"
	b, err := p.packet()
	p.step.Mask = ""
	if err != nil || b[0] != 0 {
		return err
	}
	if len(b) < 9 {
		return fmt.Errorf("a short answer to a prepare: %x", b)
	}
	p.ids = append(p.ids, binary.LittleEndian.Uint32(b[1:]))
	columns, params := binary.LittleEndian.Uint16(b[5:]), binary.LittleEndian.Uint16(b[7:])
	for _, n := range []uint16{params, columns} {
		if n > 0 && !p.deprecated() {
			n++
		}
		if err := p.skip(uint64(n)); err != nil {
			return err
		}
	}
	return nil
}

// upload sends the packets of a file and the empty one behind them, and with it commands
// whose answers are read later.
func (p *player) upload(file []string, behind []Step) error {
	var out []byte
	for _, text := range append(file[:len(file):len(file)], "") {
		payload, err := Text(text)
		if err != nil {
			return err
		}
		out = p.frame(out, payload, "")
	}
	for _, b := range behind {
		payload, k, err := p.command(b)
		if err != nil {
			return err
		}
		p.seq = 0
		out = p.frame(out, payload, asked(k, payload))
	}
	return p.write(out, p.step.Split)
}

// changeUser reads "USER PASSWORD [SCHEMA]". A usual client answers the challenge of the
// greeting; the other names a plugin that no server has, so that each server asks anew.
func (p *player) changeUser(arg string, usual bool) ([]byte, error) {
	words := append(strings.Fields(arg), "", "", "")
	u := wire.UserChange{User: words[0], Schema: words[2], Collation: 45, Plugin: "no_such_plugin"}
	p.password = words[1]
	if usual {
		u.Plugin = wire.Native
		var err error
		if u.Auth, err = wire.AnswerChallenge(wire.Native, p.challenge, p.password); err != nil {
			return nil, err
		}
	}
	return u.Append(nil, p.caps), nil
}

func (p *player) changed(usual bool) error {
	p.mute = usual
	p.step.Mask = "scramble"
	final, err := exchange(p.packet, func(answer []byte) error {
		return p.write(p.frame(nil, answer, "auth-answer"), 0)
	}, p.password)
	p.mute = false
	var refused *wire.Err
	if errors.As(err, &refused) {
		err = nil
	}
	if usual && err == nil { // how many packets came before is not compared
		p.said.Frames = append(p.said.Frames, Frame{FromServer: true, Payload: final, Step: p.step.Line})
	}
	return err
}

func lenencAt(b []byte) (n uint64, used int) {
	switch {
	case b[0] < 0xfb:
		return uint64(b[0]), 1
	case b[0] == 0xfc && len(b) >= 3:
		return uint64(binary.LittleEndian.Uint16(b[1:])), 3
	case b[0] == 0xfd && len(b) >= 4:
		return uint64(b[1]) | uint64(b[2])<<8 | uint64(b[3])<<16, 4
	case b[0] == 0xfe && len(b) >= 9:
		return binary.LittleEndian.Uint64(b[1:]), 9
	}
	return 0, 1
}

// okFlags reads the status of an OK packet.
func okFlags(b []byte) uint16 {
	at := 1
	for range 2 {
		if at >= len(b) {
			return 0
		}
		_, used := lenencAt(b[at:])
		at += used
	}
	if at+2 > len(b) {
		return 0
	}
	return binary.LittleEndian.Uint16(b[at:])
}

func eofFlags(b []byte) uint16 {
	if len(b) < 5 || b[0] != 0xfe {
		return 0
	}
	return binary.LittleEndian.Uint16(b[3:])
}

func (p *player) endFlags(b []byte) uint16 {
	if p.deprecated() {
		return okFlags(b)
	}
	return eofFlags(b)
}
