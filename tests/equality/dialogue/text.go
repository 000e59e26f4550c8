package dialogue

import (
	"fmt"
	"strconv"
	"strings"
)

// runLength is from how many equal bytes on AppendText writes a run.
const runLength = 24

// AppendText appends bytes in the corpus's notation: printable ASCII as it is, other bytes
// as \xHH, long runs as {c*N}.
func AppendText(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		n := 1
		for i+n < len(b) && b[i+n] == b[i] {
			n++
		}
		if n >= runLength {
			dst = append(dst, '{')
			dst = appendByte(dst, b[i])
			dst = append(dst, '*')
			dst = strconv.AppendInt(dst, int64(n), 10)
			dst = append(dst, '}')
			i += n
			continue
		}
		dst = appendByte(dst, b[i])
		i++
	}
	return dst
}

func appendByte(dst []byte, c byte) []byte {
	if c < 0x20 || c > 0x7e || c == '\\' || c == '{' {
		return fmt.Appendf(dst, `\x%02x`, c)
	}
	return append(dst, c)
}

// Text reads the corpus's notation: the escapes \n \r \t \0 \\ and \xHH, {c*N} for N times
// a byte, and at most one {c^N} for as many bytes as fill the whole up to N.
func Text(s string) ([]byte, error) {
	var out []byte
	fill := -1
	var filler byte
	length := 0
	for len(s) > 0 {
		if c, mark, n, rest, ok := run(s); ok {
			s = rest
			if mark == '*' {
				out = append(out, strings.Repeat(string([]byte{c}), n)...)
				continue
			}
			if fill >= 0 {
				return nil, fmt.Errorf("a second {c^N}")
			}
			fill, filler, length = len(out), c, n
			continue
		}
		c, rest, err := char(s)
		if err != nil {
			return nil, err
		}
		out, s = append(out, c), rest
	}
	if fill < 0 {
		return out, nil
	}
	if length < len(out) {
		return nil, fmt.Errorf("%d bytes are more than the %d to fill", len(out), length)
	}
	full := make([]byte, 0, length)
	full = append(full, out[:fill]...)
	full = append(full, strings.Repeat(string([]byte{filler}), length-len(out))...)
	return append(full, out[fill:]...), nil
}

// run reads {c*N} or {c^N}. A brace that begins neither stands for itself.
func run(s string) (c, mark byte, n int, rest string, ok bool) {
	if s[0] != '{' || len(s) < 5 {
		return 0, 0, 0, "", false
	}
	c, tail, err := char(s[1:])
	if err != nil || len(tail) < 3 || tail[0] != '*' && tail[0] != '^' {
		return 0, 0, 0, "", false
	}
	number, rest, found := strings.Cut(tail[1:], "}")
	if !found {
		return 0, 0, 0, "", false
	}
	n, err = strconv.Atoi(number)
	if err != nil || n < 0 || n > 1<<27 {
		return 0, 0, 0, "", false
	}
	return c, tail[0], n, rest, true
}

// char reads one byte.
func char(s string) (c byte, rest string, err error) {
	if s[0] != '\\' {
		return s[0], s[1:], nil
	}
	if len(s) < 2 {
		return 0, "", fmt.Errorf("a backslash at the end")
	}
	switch s[1] {
	case 'n':
		return '\n', s[2:], nil
	case 'r':
		return '\r', s[2:], nil
	case 't':
		return '\t', s[2:], nil
	case '0':
		return 0, s[2:], nil
	case '\\':
		return '\\', s[2:], nil
	case 'x':
		if len(s) >= 4 {
			n, err := strconv.ParseUint(s[2:4], 16, 8)
			return byte(n), s[4:], err
		}
	}
	return 0, "", fmt.Errorf("unknown escape %.4q", s)
}
