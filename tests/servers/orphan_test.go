package servers_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// orphanVariable makes the test binary start a server, tell about it and wait to
// be killed.
const orphanVariable = "DBMESH_TEST_ORPHAN"

var shared servers.Shared

func TestMain(m *testing.M) {
	if os.Getenv(orphanVariable) != "" {
		s, err := servers.StartMariaDB()
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(s.PID(), s.DataDir())
		select {}
	}
	code := shared.Run(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestAServerDiesWithAKilledTestAndItsFilesGoAtTheNextStart(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a child with its parent")
	}
	shared.MariaDB(t) // skips the test where there is no server
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), orphanVariable+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	if len(words) != 2 {
		t.Fatalf("the child says %q", line)
	}
	pid, err := strconv.Atoi(words[0])
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for running(pid) {
		if time.Now().After(deadline) {
			t.Fatalf("server %d outlived its test", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
	servers.MariaDB(t)
	if _, err := os.Stat(filepath.Dir(words[1])); !os.IsNotExist(err) {
		t.Fatalf("the dead server's folder is still there: %v", err)
	}
}

// running tells a live process from a zombie, which nobody here can reap.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
