package guest

import (
	"io/fs"
	"os"
	"syscall"
)

// owned says whether a file is this process's user's own.
func owned(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
