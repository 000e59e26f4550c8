package dbmesh

import (
	"iter"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// Result is a result whose columns are known and whose rows have not come yet, and the
// statement that it answers.
type Result struct{ Query }

// ColumnCount is how many columns it has.
func (Result) ColumnCount() int { return int(host.Block.Columns) }

// Columns are its columns, from the left.
func (Result) Columns() iter.Seq[Column] {
	return func(yield func(Column) bool) {
		for i := int32(0); i < int32(host.Block.Columns); i++ {
			if !yield(Column{i}) {
				return
			}
		}
	}
}

// Column is one column of the result at hand. Its texts need the capability rows.
type Column struct{ index int32 }

// Index counts from 0; masks name a column by it.
func (c Column) Index() int { return int(c.index) }

// Name is the column's alias, or its name.
func (c Column) Name() string { return c.text(abi.ColumnName) }

// Origin is its name in its table; empty for an expression.
func (c Column) Origin() string { return c.text(abi.ColumnOrgName) }

// Table is the alias of its table, or its name.
func (c Column) Table() string { return c.text(abi.ColumnTable) }

// TableOrigin is the name of its table; empty for an expression.
func (c Column) TableOrigin() string { return c.text(abi.ColumnOrgTable) }

// Schema is that of its table; empty for an expression.
func (c Column) Schema() string { return c.text(abi.ColumnSchema) }

// Type is MySQL's number of the type.
func (c Column) Type() uint8 { return uint8(host.ColumnType(c.index)) }

// Flags are MySQL's flags of the column.
func (c Column) Flags() uint16 { return uint16(host.ColumnType(c.index) >> 8) }

func (c Column) text(field int32) string {
	for {
		n := host.Column(c.index, field, arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// ColumnMask is what becomes of one column's values.
type ColumnMask struct {
	column          uint16
	by, first, last uint8
	text            string
}

// MaskNull makes the column's values NULL.
func MaskNull(column int) ColumnMask { return ColumnMask{column: uint16(column), by: abi.MaskNull} }

// MaskConstant puts a text in place of the column's values. NULL stays NULL.
func MaskConstant(column int, text string) ColumnMask {
	return ColumnMask{column: uint16(column), by: abi.MaskConstant, text: text}
}

// MaskHash puts 32 hex digits in place of the column's values: equal values under the same
// key have the same. NULL stays NULL; where no text fits the column's type, NULL is put.
func MaskHash(column int, key string) ColumnMask {
	return ColumnMask{column: uint16(column), by: abi.MaskHash, text: key}
}

// MaskKeep keeps the first and last characters (255 at most) of the column's values, and
// puts * for each in between. NULL stays NULL; where no text fits the column's type, NULL is put.
func MaskKeep(column, first, last int) ColumnMask {
	return ColumnMask{column: uint16(column), by: abi.MaskKeep, first: uint8(min(first, 255)), last: uint8(min(last, 255))}
}

// Mask has dbmesh put other values into the rows of a result, without asking the filter for
// each row. Without masks it is Pass. Capability: rows.
func Mask(masks ...ColumnMask) Verdict {
	if len(masks) == 0 {
		return Pass
	}
	return Verdict{head: abi.OpMask, more: &extra{masks: masks}}
}
