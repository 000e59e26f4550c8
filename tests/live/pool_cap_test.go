package live

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// 200 clients on 5 connections: the server never has a sixth, whatever happens meanwhile.
func TestTheServerNeverCountsMoreConnectionsThanTheLimit(t *testing.T) {
	const clients, most = 200, 5
	m, server := own(t, fmt.Sprintf("max: %d, min_idle: 2, max_life: 500ms, queue_timeout: 60s", most))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var done atomic.Int64
	var busy sync.WaitGroup
	for i := range clients {
		busy.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := visit(m.addr(), i, n); err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				done.Add(1)
			}
		})
	}
	peak, looks := 0, 0
	end := time.Now().Add(time.Duration(atScale(5, 15, 60)) * time.Second)
	for now := time.Now(); now.Before(end) || peak == 0 && now.Before(end.Add(patience)); now = time.Now() {
		peak = max(peak, server.Connections(t, ofSessions))
		looks++
	}
	cancel()
	busy.Wait()
	t.Logf("%d sessions of 10 statements, at most %d connections in %d looks", done.Load(), peak, looks)
	if peak > most {
		t.Errorf("the server had %d connections, want %d at most", peak, most)
	}
	if peak == 0 || done.Load() < clients {
		t.Errorf("%d sessions, peak %d: that tests little", done.Load(), peak)
	}
}

// visit is a session of some statements, of which each sort is there.
func visit(addr string, client, n int) error {
	r, err := openRaw(addr, "app", "app")
	if err != nil {
		return err
	}
	defer r.Close()
	for i := range 10 {
		switch (client + n + i) % 5 {
		case 0:
			err = r.query("SELECT COUNT(*) FROM t")
		case 1:
			err = r.query(fmt.Sprintf("SET time_zone = '+%02d:00'", client%12))
		case 2:
			if err = r.query("BEGIN"); err == nil {
				err = r.query("SELECT COUNT(*) FROM t")
			}
			if err == nil {
				err = r.query("COMMIT")
			}
		case 3:
			f, failed := r.do(core.Prepare, []byte("SELECT 1"))
			if err = failed; err == nil {
				_, err = r.do(core.Execute, execute(f.StatementID))
			}
		case 4:
			if i == 9 && client%3 == 0 { // gone in the middle
				return r.query("BEGIN")
			}
			err = r.query("SELECT @@time_zone")
		}
		if err != nil {
			return err
		}
	}
	return r.send(core.Quit, nil)
}
