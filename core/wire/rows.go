package wire

import "encoding/binary"

// Fields of a column definition.
const (
	typeVarString  = 0xfd
	decimalsString = 0x1f // as servers send for strings
)

// AppendResult encodes a whole text result set as frames, starting at sequence number
// seq, and returns the next sequence number too. There must be at least one column, and
// each row must have a cell for each; a nil cell is NULL. The columns are strings in the
// collation. Status goes into the closing packet.
func AppendResult(dst []byte, columns []string, rows [][][]byte, caps Caps, collation, status uint16, seq byte) ([]byte, byte) {
	count := appendLenenc(nil, uint64(len(columns)))
	if caps.Has(CacheMetadata) {
		count = append(count, 1) // the definitions follow
	}
	dst, seq = AppendFrame(dst, count, seq)
	var p []byte
	for i, name := range columns {
		p = appendColumn(p[:0], name, widest(rows, i), caps, collation)
		dst, seq = AppendFrame(dst, p, seq)
	}
	if !caps.Has(DeprecateEOF) {
		dst, seq = AppendFrame(dst, AppendEOF(p[:0], status, 0), seq)
	}
	for _, row := range rows {
		p = p[:0]
		for _, cell := range row {
			if cell == nil {
				p = append(p, 0xfb)
				continue
			}
			p = appendBlock(p, cell)
		}
		dst, seq = AppendFrame(dst, p, seq)
	}
	if caps.Has(DeprecateEOF) {
		p = AppendOK(p[:0], OK{Header: HeaderEOF, Status: status}, caps)
	} else {
		p = AppendEOF(p[:0], status, 0)
	}
	return AppendFrame(dst, p, seq)
}

// appendColumn encodes the definition of a column that belongs to no table.
func appendColumn(b []byte, name string, width uint32, caps Caps, collation uint16) []byte {
	b = appendBlock(b, []byte("def"))
	b = append(b, 0, 0, 0) // schema, table, table behind an alias
	b = appendBlock(b, []byte(name))
	b = append(b, 0) // name behind an alias
	if caps.Has(ExtendedMeta) {
		b = append(b, 0)
	}
	b = append(b, 0x0c) // length of what follows
	b = binary.LittleEndian.AppendUint16(b, collation)
	b = binary.LittleEndian.AppendUint32(b, width)
	return append(b, typeVarString, 0, 0, decimalsString, 0, 0)
}

// widest is the length in bytes of a column's longest cell, for clients that reserve room.
func widest(rows [][][]byte, column int) uint32 {
	n := 1
	for _, row := range rows {
		n = max(n, len(row[column]))
	}
	return uint32(n)
}
