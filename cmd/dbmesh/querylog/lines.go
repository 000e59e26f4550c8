package querylog

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// lines gives a file's lines without their ends. One line can be given back.
type lines struct {
	r      *bufio.Reader
	number int
	offset int64
	kept   string
	again  bool // kept is to be given once more
}

// next gives a line, and whether it was cut at MaxStatement.
func (l *lines) next() (line string, cut bool, err error) {
	if l.again {
		l.again = false
		return l.kept, false, nil
	}
	var b strings.Builder
	for {
		part, err := l.r.ReadSlice('\n')
		l.offset += int64(len(part))
		room := MaxStatement - b.Len()
		if len(part) > room {
			part, cut = part[:room], true
		}
		b.Write(part)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || b.Len() == 0) {
			return "", false, err
		}
		break
	}
	l.number++
	l.kept = strings.TrimRight(b.String(), "\r\n")
	return l.kept, cut, nil
}

// back gives the last line back: next gives it once more.
func (l *lines) back() { l.again = true }
