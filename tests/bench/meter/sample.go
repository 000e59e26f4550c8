//go:build linux

package meter

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of /proc/stat, which Linux shows as 100 a second everywhere.
const tick = 10 * time.Millisecond

// Processes are those that a run consists of; 0 means there is none.
type Processes struct{ Proxy, Backend, Client int }

// Sample is the state of all counters at one moment.
type Sample struct {
	at                     time.Time
	proxy, backend, client time.Duration
	switches, calls        int64
	busy, total            time.Duration
}

// Use is what was used between two samples.
type Use struct {
	Seconds  float64 `json:"wall_s"`
	Proxy    float64 `json:"proxy_cpu_s"`
	Backend  float64 `json:"backend_cpu_s"`
	Client   float64 `json:"client_cpu_s"`
	Switches int64   `json:"proxy_switches"`
	Calls    int64   `json:"proxy_calls"`
	// Foreign is the share of the machine that none of the three took, 0 to 1.
	Foreign float64 `json:"foreign"`
}

// Take reads all counters.
func Take(p Processes) (Sample, error) {
	var errs [6]error
	s := Sample{at: time.Now()}
	if p.Proxy != 0 {
		s.proxy, errs[0] = CPU(p.Proxy)
		s.switches, errs[1] = Switches(p.Proxy)
		s.calls, errs[2] = Calls(p.Proxy)
	}
	if p.Backend != 0 {
		s.backend, errs[3] = CPU(p.Backend)
	}
	if p.Client != 0 {
		s.client, errs[4] = CPU(p.Client)
	}
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return s, fmt.Errorf("counters of the machine: %w", err)
	}
	s.busy, s.total, errs[5] = machine(b)
	return s, errors.Join(errs[:]...)
}

// Since returns what was used from an earlier sample to this one.
func (s Sample) Since(from Sample) Use {
	u := Use{
		Seconds:  s.at.Sub(from.at).Seconds(),
		Proxy:    (s.proxy - from.proxy).Seconds(),
		Backend:  (s.backend - from.backend).Seconds(),
		Client:   (s.client - from.client).Seconds(),
		Switches: s.switches - from.switches,
		Calls:    s.calls - from.calls,
	}
	if total := (s.total - from.total).Seconds(); total > 0 {
		ours := u.Proxy + u.Backend + u.Client
		u.Foreign = max(0, (s.busy-from.busy).Seconds()-ours) / total
	}
	return u
}

// machine reads busy and total processor time from the first line of /proc/stat.
func machine(stat []byte) (busy, total time.Duration, err error) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	words := bytes.Fields(line)
	if len(words) < 9 || string(words[0]) != "cpu" {
		return 0, 0, errors.New("no line of all processors in /proc/stat")
	}
	for i, w := range words[1:9] { // guest time, which follows, is inside user time
		n, err := strconv.ParseInt(string(w), 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		total += time.Duration(n) * tick
		if idle, wait := 3, 4; i != idle && i != wait {
			busy += time.Duration(n) * tick
		}
	}
	return busy, total, nil
}
