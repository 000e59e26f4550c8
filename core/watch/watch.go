package watch

import (
	"context"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"
)

// An editor's save or a ConfigMap's swap is several events: a check follows when there was
// quiet for settle, or, in a directory that never rests, after patience. The poll finds what
// the kernel doesn't tell: network file systems, mounts of a single file.
const (
	settle   = 200 * time.Millisecond
	patience = 2 * time.Second
)

// Poll is how often files are looked at unless NewEvery says otherwise.
const Poll = 30 * time.Second

// Watcher calls back when watched files hold something else than they did.
type Watcher struct {
	log  *slog.Logger
	poll time.Duration
	kick chan struct{}
}

// New makes a Watcher. It does nothing until Run.
func New(log *slog.Logger) *Watcher { return NewEvery(log, Poll) }

// NewEvery makes a Watcher that looks at the files at least so often.
func NewEvery(log *slog.Logger, poll time.Duration) *Watcher {
	return &Watcher{log: log, poll: poll, kick: make(chan struct{}, 1)}
}

// Kick makes Run call back soon even if no file has changed, as SIGHUP asks for. It never
// waits; kicks that come while one is pending are one.
func (w *Watcher) Kick() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// Run calls changed, one call at a time and on this goroutine, whenever the files of
// loaded() hold something else than loaded() says, once per content. After each call it
// asks loaded() again, so the set of files may change. It returns when ctx ends.
func (w *Watcher) Run(ctx context.Context, loaded func() State, changed func()) {
	l := loop{loaded: loaded, changed: changed, poll: w.poll}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		w.log.Warn("files are polled only", "every", w.poll, "error", err)
		l.run(ctx, w.kick)
		return
	}
	defer notify.Close()
	l.events, l.errors, l.watch = notify.Events, notify.Errors, watched{notify}.set
	l.run(ctx, w.kick)
}

// loop is Run without the kernel, so that tests can own its events and its clock.
type loop struct {
	loaded  func() State
	changed func()
	poll    time.Duration
	events  <-chan fsnotify.Event
	errors  <-chan error
	watch   func(State) // watches the directories of these files; nil polls only

	called State // the content that changed was last called for
}

func (l *loop) run(ctx context.Context, kick <-chan struct{}) {
	tick := time.NewTicker(l.poll)
	defer tick.Stop()
	quiet := time.NewTimer(settle) // the first check finds what changed before Run
	defer quiet.Stop()
	var since time.Time // of the first event of a burst
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-l.events:
			if !l.concerns(e) {
				continue
			}
			if since.IsZero() {
				since = time.Now()
			}
			quiet.Reset(min(settle, max(0, patience-time.Since(since))))
			continue
		case <-l.errors: // events were lost, so look
		case <-quiet.C:
		case <-tick.C:
		case <-kick:
			l.called = l.loaded().now()
			l.changed()
		}
		since = time.Time{}
		if l.check() {
			quiet.Reset(settle) // what changed while the callback ran
		}
	}
}

// check calls changed if there is something new, and says whether it did.
func (l *loop) check() bool {
	loaded := l.loaded()
	if l.watch != nil {
		l.watch(loaded) // before reading, or a change in between goes unseen
	}
	current := loaded.now()
	if current.equal(loaded) {
		l.called = nil
		return false
	}
	if current.equal(l.called) { // that call wasn't pleased with it, and won't be now
		return false
	}
	l.called = current
	l.changed()
	return true
}

// concerns tells events that can change a file's content from a neighbour's writes.
// Anything may be a symlink on the way to a file, so all comings and goings count.
func (l *loop) concerns(e fsnotify.Event) bool {
	if e.Has(fsnotify.Create) || e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
		return true
	}
	for path := range l.loaded() {
		if e.Name == path || e.Name == resolve(path) {
			return true
		}
	}
	return false
}
