package wire

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"unicode/utf8"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// Mask says what becomes of one column's values. NULL stays NULL.
type Mask struct {
	Column      int // index in the result
	By          MaskBy
	First, Last int    // characters that MaskKeep leaves
	Value       []byte // MaskConstant's value, MaskHash's key; must not be changed
}

// MaskBy is how a value is masked.
type MaskBy uint8

// The ways. A column that is not a string, a date or a time becomes NULL by each of them.
const (
	MaskNull     MaskBy = iota
	MaskConstant        // Value
	MaskHash            // 32 hex digits of HMAC-SHA-256 under Value
	MaskKeep            // the first and last characters, * for each in between; all * if nothing is in between
)

// hashLen is how many characters MaskHash makes.
const hashLen = 32

// masked is a column whose values change.
type masked struct {
	Mask
	plain    []byte    // MaskConstant's value with its length
	mac      hash.Hash // of MaskHash
	sum      [sha256.Size]byte
	utf8     bool
	temporal byte // the type, if values of binary rows are dates or times
	decimals byte
}

// Plan is how the rows of a result change. It is not safe for concurrent use.
type Plan struct {
	columns int
	masks   []masked // by column
	types   []byte   // of the columns, for binary rows
	growth  int      // the most bytes by which a row may become longer
}

// errWide is a row that can't be masked because it is, or becomes, too long for one frame.
var errWide = errors.New("too long")

// newPlan makes a plan and changes the columns to what the client shall be told of them,
// unless it was told already. There is none without masks. Of two masks of one column the
// first holds.
func newPlan(columns []Column, masks []Mask, binary, told bool) (*Plan, error) {
	p := &Plan{columns: len(columns)}
	seen := make([]bool, len(columns))
	if binary {
		for _, c := range columns {
			p.types = append(p.types, c.Type)
		}
	}
	for _, m := range masks {
		if m.Column < 0 || m.Column >= len(columns) || seen[m.Column] {
			continue
		}
		seen[m.Column] = true
		k := newMasked(m, &columns[m.Column], binary, told)
		p.masks = append(p.masks, k)
		p.growth += max(len(k.plain), hashLen+1, temporalMax)
	}
	if len(p.masks) == 0 {
		return nil, nil
	}
	slices.SortFunc(p.masks, func(a, b masked) int { return cmp.Compare(a.Column, b.Column) })
	for _, t := range p.types {
		if _, ok := width(t); !ok {
			return nil, fmt.Errorf("a column of type %d", t)
		}
	}
	return p, nil
}

// newMasked looks what the mask can do to values of the column, and says in the column what
// they are then.
func newMasked(m Mask, c *Column, binary, told bool) masked {
	k := masked{Mask: m, utf8: utf8Collation(c.Charset)}
	old := *c
	switch {
	case m.By > MaskKeep, m.By == MaskNull, !textual(c.Type) && !temporal(c.Type):
		k.By = MaskNull
	case m.By == MaskConstant && temporal(c.Type):
		value, ok := parseTemporal(m.Value, c.Type)
		if ok && binary {
			k.plain = value
		}
		if ok {
			break
		}
		fallthrough
	case temporal(c.Type):
		if told && binary {
			k.By = MaskNull // a date can hold nothing else
			break
		}
		k.temporal, k.decimals = c.Type, c.Decimals
		c.becomeText()
	case m.By != MaskConstant && c.Type == mysql.MYSQL_TYPE_JSON:
		c.becomeText()
	}
	switch k.By {
	case MaskNull:
		c.Flags &^= flagNotNull
	case MaskConstant:
		if k.plain == nil {
			k.plain = appendBlock(nil, m.Value)
		}
		c.widen(len(m.Value), 1)
	case MaskHash:
		k.mac = hmac.New(sha256.New, m.Value)
		c.widen(hashLen, 4)
	}
	if k.By != MaskNull {
		c.Flags &^= flagEnum | flagSet
	}
	if !binary {
		k.temporal = 0
	}
	if told {
		c.Type = old.Type // of the rows as the backend sends them, and as the client reads them
	}
	return k
}

// becomeText makes a column one of strings, since its values are no dates or JSON any more.
func (c *Column) becomeText() {
	c.Type, c.Charset, c.Decimals = typeVarString, utf8General, decimalsString
	c.Flags &^= flagUnsigned | flagZerofill | flagBinary | flagStamp | flagOnUpdate
	c.Length *= 4
}

// utf8General is utf8mb4_general_ci, which every server and client knows.
const utf8General = 45

// widen makes room for values of n characters of at most each bytes.
func (c *Column) widen(n, each int) {
	if !utf8Collation(c.Charset) {
		each = 1
	}
	c.Length = max(c.Length, uint32(min(n*each, 1<<30)))
}

// append appends what becomes of a value, with its length.
func (k *masked) append(dst, v []byte) []byte {
	switch k.By {
	case MaskConstant:
		return append(dst, k.plain...)
	case MaskHash:
		k.mac.Reset()
		k.mac.Write(v)
		return hex.AppendEncode(append(dst, hashLen), k.mac.Sum(k.sum[:0])[:hashLen/2])
	}
	return k.keep(dst, v)
}

// keep appends the first and last characters of v, and * for each in between.
func (k *masked) keep(dst, v []byte) []byte {
	count := len(v)
	if k.utf8 {
		count = utf8.RuneCount(v)
	}
	first, last := max(k.First, 0), max(k.Last, 0)
	if first >= count || last >= count-first {
		first, last = 0, 0
	}
	head, tail := first, last
	if k.utf8 {
		head, tail = 0, 0
		for range first {
			_, n := utf8.DecodeRune(v[head:])
			head += n
		}
		for range last {
			_, n := utf8.DecodeLastRune(v[:len(v)-tail])
			tail += n
		}
	}
	stars := count - first - last
	dst = appendLenenc(dst, uint64(head+stars+tail))
	dst = append(dst, v[:head]...)
	for range stars {
		dst = append(dst, '*')
	}
	return append(dst, v[len(v)-tail:]...)
}
