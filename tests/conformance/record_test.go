package conformance

import (
	"context"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
)

// record keeps what a filter writes into the log and its metrics, in order. It is also the
// clock.
type record struct {
	mu     sync.Mutex
	events []string
	time   time.Time
}

func (r *record) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

// take gives what came since the last time.
func (r *record) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.events
	r.events = nil
	return all
}

func (r *record) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.time
}

func (r *record) advance(ms int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.time = r.time.Add(time.Duration(ms) * time.Millisecond)
}

// Enabled makes it a slog.Handler.
func (r *record) Enabled(context.Context, slog.Level) bool { return true }

// Handle keeps a line.
func (r *record) Handle(_ context.Context, line slog.Record) error {
	r.add("%s %s", line.Level, line.Message)
	return nil
}

// WithAttrs ignores what dbmesh adds to the lines.
func (r *record) WithAttrs([]slog.Attr) slog.Handler { return r }

// WithGroup does too.
func (r *record) WithGroup(string) slog.Handler { return r }

// Define makes it a service.Metrics.
func (r *record) Define(kind int, name string) (service.Metric, error) {
	return metric{r, [...]string{abi.MetricCounter: "counter", abi.MetricGauge: "gauge", abi.MetricHistogram: "histogram"}[kind] + " " + name}, nil
}

type metric struct {
	*record
	name string
}

// Record keeps a value.
func (m metric) Record(value float64) { m.add("%s %g", m.name, value) }

// tell puts a verdict into words.
func tell(v *guest.Verdict) string {
	var out strings.Builder
	out.WriteString([...]string{abi.OpPass: "pass", abi.OpDeny: "deny", abi.OpRewrite: "rewrite", abi.OpRoute: "route", abi.OpReply: "reply",
		abi.OpOK: "ok", abi.OpDisconnect: "disconnect", abi.OpList: "both", abi.OpMask: "mask"}[v.Op])
	if v.Cacheable {
		out.WriteString(", cacheable")
	}
	if v.Op == abi.OpDeny || v.Op == abi.OpDisconnect {
		fmt.Fprintf(&out, " %d %s %s", v.Code, v.State, short(v.Message))
	}
	if v.Rewrite != nil {
		fmt.Fprintf(&out, " to %s", short(v.Rewrite))
	}
	if v.Route != nil {
		fmt.Fprintf(&out, " to %s %s", [...]string{"pool", "backend"}[v.RouteTo], v.Route)
	}
	if r := v.Reply; r != nil {
		fmt.Fprintf(&out, " %d %d %q %q", r.Affected, r.InsertID, r.Info, r.Columns)
		for _, row := range r.Rows {
			for _, value := range row {
				if value == nil {
					out.WriteString(" NULL")
				} else {
					fmt.Fprintf(&out, " %q", short(value))
				}
			}
		}
	}
	for _, m := range v.Masks {
		fmt.Fprintf(&out, " (column %d by %d first %d last %d %q)", m.Column, m.By, m.First, m.Last, m.Value)
	}
	return out.String()
}

// short cuts long texts, and says so.
func short(text []byte) string {
	const most = 100
	if len(text) <= most {
		return string(text)
	}
	return fmt.Sprintf("%s... (%d bytes, checksum %08x)", text[:10], len(text), crc32.ChecksumIEEE(text))
}
