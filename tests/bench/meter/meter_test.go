//go:build linux

package meter

import (
	"os"
	"testing"
	"time"
)

func TestFieldReadsOneLine(t *testing.T) {
	status := []byte("Name:\tx\nVmRSS:\t   1234 kB\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t5\n")
	for name, want := range map[string]int64{"VmRSS": 1234, "voluntary_ctxt_switches": 7, "Vm": 0, "Name": 0} {
		if got := Field(status, name); got != want {
			t.Errorf("%s: %d in place of %d", name, got, want)
		}
	}
}

func TestMachineCountsWaitingAsIdle(t *testing.T) {
	busy, total, err := machine([]byte("cpu  100 10 50 800 40 0 5 1 99 99\ncpu0 1 2 3\n"))
	if err != nil || busy != 166*tick || total != 1006*tick {
		t.Errorf("busy %v, total %v, %v", busy, total, err)
	}
	if _, _, err := machine([]byte("intr 1 2 3 4 5 6 7 8 9\n")); err == nil {
		t.Error("another line is accepted")
	}
}

func TestSampleSeesOurOwnWork(t *testing.T) {
	who := Processes{Proxy: os.Getpid()}
	before, err := Take(who)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const reads = 1000
	for range reads {
		if _, err := f.Read(make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
	}
	for start := time.Now(); time.Since(start) < 30*time.Millisecond; {
	}
	after, err := Take(who)
	if err != nil {
		t.Fatal(err)
	}
	u := after.Since(before)
	if u.Calls < reads || u.Calls > reads+1000 {
		t.Errorf("%d calls counted of %d reads", u.Calls, reads)
	}
	if u.Proxy <= 0 || u.Proxy > 4*u.Seconds {
		t.Errorf("%v s of processor time in %v s", u.Proxy, u.Seconds)
	}
}

func TestCPURefusesAProcessThatIsNot(t *testing.T) {
	if _, err := CPU(1 << 22); err == nil {
		t.Error("a process above the largest number has a clock")
	}
}
