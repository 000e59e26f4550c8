package leak

import (
	"encoding/binary"
	"fmt"

	"github.com/dbmesh/dbmesh/core/wire"
)

// prepared is a statement of the binary protocol.
type prepared struct {
	id      uint32
	params  int
	columns int
}

// arg is a parameter, always a string. One that was sent in pieces has no text.
type arg struct {
	text   string
	pieces bool
}

func texts(values ...string) []arg {
	args := make([]arg, len(values))
	for i, v := range values {
		args[i].text = v
	}
	return args
}

func (r *raw) prepare(sql string) (prepared, error) {
	if err := r.command(comPrepare, []byte(sql)); err != nil {
		return prepared{}, err
	}
	p, err := r.read()
	if err != nil {
		return prepared{}, err
	}
	if p[0] == wire.HeaderErr {
		return prepared{}, refusal(p)
	}
	if p[0] != wire.HeaderOK || len(p) < 12 {
		return prepared{}, leakf("%q in answer to a prepare", p)
	}
	st := prepared{id: binary.LittleEndian.Uint32(p[1:]), columns: int(binary.LittleEndian.Uint16(p[5:])), params: int(binary.LittleEndian.Uint16(p[7:]))}
	for _, n := range []int{st.params, st.columns} {
		if n == 0 {
			continue
		}
		for range n {
			if _, err := r.column(); err != nil {
				return st, err
			}
		}
		if err := r.eof(&result{}); err != nil {
			return st, err
		}
	}
	return st, nil
}

const cursorReadOnly = 1

// execute runs a statement; told says whether the types of the parameters are sent.
func (r *raw) execute(st prepared, flags byte, told bool, args []arg) (result, error) {
	b := binary.LittleEndian.AppendUint32(nil, st.id)
	b = append(b, flags, 1, 0, 0, 0)
	if len(args) > 0 {
		b = append(b, make([]byte, (len(args)+7)/8)...)
		if told {
			b = append(b, 1)
			for range args {
				b = append(b, 0xfd, 0)
			}
		} else {
			b = append(b, 0)
		}
		for _, a := range args {
			if !a.pieces {
				b = appendString(b, a.text)
			}
		}
	}
	if err := r.command(comExecute, b); err != nil {
		return result{}, err
	}
	all, err := r.results(true)
	if err != nil {
		return result{}, err
	}
	if len(all) != 1 {
		return result{}, leakf("%d results of one execute", len(all))
	}
	return all[0], nil
}

func appendString(b []byte, s string) []byte {
	if len(s) < 251 {
		return append(append(b, byte(len(s))), s...)
	}
	b = append(b, 0xfd, byte(len(s)), byte(len(s)>>8), byte(len(s)>>16))
	return append(b, s...)
}

// fetch asks for n more rows of a cursor whose columns are all strings.
func (r *raw) fetch(st prepared, n uint32) (result, error) {
	b := binary.LittleEndian.AppendUint32(nil, st.id)
	if err := r.command(comFetch, binary.LittleEndian.AppendUint32(b, n)); err != nil {
		return result{}, err
	}
	found := result{types: make([]byte, st.columns)}
	return found, r.rows(&found, true)
}

// piece sends a part of a parameter. There is no answer.
func (r *raw) piece(st prepared, param uint16, text string) error {
	b := binary.LittleEndian.AppendUint32(nil, st.id)
	b = binary.LittleEndian.AppendUint16(b, param)
	return r.command(comLongData, append(b, text...))
}

func (r *raw) closeStatement(st prepared) error {
	return r.command(comCloseStatement, binary.LittleEndian.AppendUint32(nil, st.id))
}

func (r *raw) resetStatement(st prepared) error {
	return r.plain(comResetStatement, binary.LittleEndian.AppendUint32(nil, st.id))
}

// only gives the one row that an answer must have.
func (f result) only() ([]string, error) {
	if len(f.rows) != 1 {
		return nil, leakf("%d rows in place of one: %s", len(f.rows), brief(fmt.Sprint(f.rows)))
	}
	return f.rows[0], nil
}

func brief(s string) string {
	if len(s) > 300 {
		return s[:300] + "..."
	}
	return s
}
