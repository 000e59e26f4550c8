package servers

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// dieWithParent has the kernel kill the child when the thread that starts it
// ends, and moves it out of the terminal's group so that Ctrl-C reaches the test
// alone, which then closes its servers in order.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// standsStill says whether every thread of the process is stopped: the signal is one thread's,
// which stops the others only when it runs.
func standsStill(pid int) (bool, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(files) == 0 {
		return false, fmt.Errorf("threads of process %d: none found", pid)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue // a thread that has ended
		}
		if err != nil {
			return false, fmt.Errorf("state of a thread: %w", err)
		}
		if state := text[bytes.LastIndexByte(text, ')')+1:]; !bytes.HasPrefix(state, []byte(" T ")) {
			return false, nil
		}
	}
	return true, nil
}
