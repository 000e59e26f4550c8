package slowlog

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Logs owns the files that slow-log links write to. It outlives generations: links of the
// same path, of whatever chain or generation, share one file and one goroutine, which end
// with the last of them. Make one per process. All methods are safe for concurrent use.
type Logs struct {
	stderr      io.Writer
	log         *slog.Logger
	now         func() time.Time
	lines       *prometheus.CounterVec
	dropped     *prometheus.CounterVec
	writeErrors prometheus.Counter

	mu   sync.Mutex
	open map[string]*writer
}

// NewLogs writes lines for "stderr" to stderr and tells log about files that can't be
// written. Metrics are registered with reg; a nil reg leaves them out.
func NewLogs(stderr io.Writer, log *slog.Logger, reg prometheus.Registerer) *Logs {
	l := &Logs{
		stderr: stderr, log: log, now: time.Now, open: make(map[string]*writer),
		lines: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dbmesh_slowlog_lines_total",
			Help: "Commands that were handed to the slow log.",
		}, []string{"link"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dbmesh_slowlog_lines_dropped_total",
			Help: "Slow commands that were not logged: beyond the rate, or the queue to the file was full.",
		}, []string{"link", "reason"}),
		writeErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dbmesh_slowlog_write_errors_total",
			Help: "Writes to a slow log's file that failed; their lines are lost.",
		}),
	}
	if reg != nil {
		reg.MustRegister(l.lines, l.dropped, l.writeErrors)
	}
	return l
}

// Reopen opens every file anew by its path, after a rotation has renamed it. A file that
// can't be opened goes on as before, and is in the error.
func (l *Logs) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for path, w := range l.open {
		if path == stderr {
			continue
		}
		f, err := openFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("reopening the slow log: %w", err))
			continue
		}
		w.replace <- f
	}
	return errors.Join(errs...)
}

// acquire gives the writer for a path, which must be released once.
func (l *Logs) acquire(path string) (*writer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.open[path]
	if w == nil {
		var f io.WriteCloser = uncloser{l.stderr}
		if path != stderr {
			var err error
			if f, err = openFile(path); err != nil {
				return nil, fmt.Errorf("opening the slow log: %w", err)
			}
		}
		w = newWriter(path, f, l.broken)
		l.open[path] = w
	}
	w.users++
	return w, nil
}

func (l *Logs) release(w *writer) {
	l.mu.Lock()
	w.users--
	last := w.users == 0
	if last {
		delete(l.open, w.path)
	}
	l.mu.Unlock()
	if last {
		w.end()
	}
}

func (l *Logs) broken(path string, err error, first bool) {
	l.writeErrors.Inc()
	if first {
		l.log.Error("writing the slow log failed", "file", path, "error", err)
	}
}

func openFile(path string) (io.WriteCloser, error) {
	// The group may read it: logs are shipped by other programs, but SQL is not for all.
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640) //nolint:gosec // see above
}

// uncloser is for the process's own standard error.
type uncloser struct{ io.Writer }

func (uncloser) Close() error { return nil }
