package proxy

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// counts is a link with every hook. It counts them, and does by turns all that a link may
// do with columns and errors.
type counts struct {
	hello, bye, asked, done, columns, errors atomic.Int64
	flips                                    bool // slow at every third question
	slow                                     atomic.Int64
}

func (n *counts) OnConnect(context.Context, *core.Session) (core.Verdict, error) {
	n.hello.Add(1)
	return core.Continue(), nil
}

func (n *counts) OnSessionEnd(*core.Session) { n.bye.Add(1) }

func (n *counts) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	n.asked.Add(1)
	_, _ = c.Params()
	return core.Continue(), nil
}

func (n *counts) OnDone(c *core.Command, _ *core.Outcome) {
	n.done.Add(1)
	_, _ = c.Params()
}

func (n *counts) OnColumns(_ context.Context, _ *core.Command, all []core.Column) (masks []core.Mask, v core.Verdict, err error) {
	turn := n.columns.Add(1)
	for i, c := range all {
		masks = append(masks, core.Mask{Column: i, By: core.MaskBy(int(turn) % 4), First: len(c.Name) % 3, Value: []byte("value")})
	}
	switch turn % 11 {
	case 0:
		return nil, core.Deny(1142, "42000", "no"), nil
	case 1:
		return nil, core.Disconnect(1142, "42000", "go"), nil
	case 2:
		panic("columns")
	}
	return masks, v, nil
}

func (n *counts) OnError(_ context.Context, _ *core.Command, e *core.Error) (*core.Error, error) {
	if n.errors.Add(1)%2 == 0 {
		return nil, nil
	}
	return &core.Error{Code: 1, State: "HY000", Message: "instead"}, nil
}

func (n *counts) ReadsParams() bool { return true }

func (n *counts) Slow() bool { return n.flips && n.slow.Add(1)%3 == 0 }

const column = "\x03def\x00\x00\x00\x01c\x00\x0c\x2d\x00\x10\x00\x00\x00"

// babble is an answer as a server gives it to a command, or to another, or nearly so.
func babble(r *rand.Rand, code core.Code) []byte {
	name := func(t byte) string { return column + string([]byte{t, 0, 0, 0, 0, 0}) }
	ok := string(wire.AppendOK(nil, wire.OK{Status: 2}, meshCaps))
	more, end, failed := "\xfe\x00\x00\x0a\x00\x00\x00", "\xfe\x00\x00\x02\x00\x00\x00", "\xff\x15\x04#HY000broken"
	text := []string{"\x02", name(0xfd), name(3), "\x05hello\x0242", "\xfb\xfb", "\x00\x011"}
	binary := []string{"\x02", name(0xfd), name(12), "\x00\x00\x05hello\x04\xe8\x07\x01\x01", "\x00\x0c"}
	results := [][]string{
		slices.Concat(text, []string{end}), slices.Concat(text, []string{more}, text, []string{more, ok}), slices.Concat(text, []string{failed}),
		{"\x01", name(0xfd), "\xfd\x00\x40\x00" + strings.Repeat("x", 1<<14), end}, {"\x01", name(0xfd), end}, {ok}, {failed}, {"\xfbfile"},
	}
	answers := map[core.Code][][]string{
		core.Query:   results,
		core.Prepare: {{"\x00\x01\x00\x00\x00\x02\x00\x02\x00\x00\x00\x00", name(0xfd), name(3), name(8), name(12)}, {failed}},
		core.Execute: {slices.Concat(binary, []string{end}), slices.Concat(binary, []string{more}, binary, []string{end}), {"\x01", name(0xfd), "\xfe\x00\x00\x42\x00\x00\x00"}},
		core.Fetch:   {{"\x00\x00\x05hello", end}, {end}},
	}
	if r.IntN(12) == 0 {
		answers[code] = results
	}
	choices, known := answers[code]
	if !known {
		choices = [][]string{{ok}, {failed}}
	}
	var b []byte
	for i, p := range choices[r.IntN(len(choices))] {
		b, _ = wire.AppendFrame(b, []byte(p), byte(1+i))
	}
	if r.IntN(8) == 0 {
		for range 1 + r.IntN(3) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
	}
	return b
}

// Whatever a server says and when it stops, no session panics or stays, and each hook that
// has its counterpart gets it.
func TestHostileServersBeforeALinkThatEditsAnswers(t *testing.T) {
	for _, how := range []string{"on the loop", "slow", "by turns", "swapped"} {
		t.Run(how, func(t *testing.T) {
			n := &counts{flips: how == "by turns"}
			var log bytes.Buffer
			var seed atomic.Uint64
			m := &mesh{t: t, log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})),
				links: []core.Kind{{Slow: how == "slow", New: func(string, core.Decode) (core.Filter, error) { return n, nil }}},
				serve: func(p *peer) {
					r := rand.New(rand.NewPCG(seed.Add(1), 0))
					p.commands(func(command []byte) error {
						if len(command) == 0 || !wire.HasResponse(command[0]) {
							return nil
						}
						b := babble(r, core.Code(command[0]))
						for len(b) > 0 {
							k := min(len(b), 1+r.IntN(40000))
							if _, err := p.raw.Write(b[:k]); err != nil {
								return err
							}
							b = b[k:]
						}
						if r.IntN(20) == 0 {
							return fmt.Errorf("enough")
						}
						return nil
					})
				}}
			m.start()
			var clients sync.WaitGroup
			for c := range 8 {
				var all []*peer
				for range 40 {
					all = append(all, m.client())
				}
				clients.Go(func() {
					for i, p := range all {
						ramble(p, rand.New(rand.NewPCG(uint64(c), uint64(i))))
					}
				})
			}
			if how == "swapped" {
				for range 300 {
					m.links[0].Slow = !m.links[0].Slow
					m.commit()
				}
			}
			clients.Wait()
			m.until("the sessions have ended", func() bool { return m.srv.Sessions() == 0 })
			m.srv.Close()
			if bytes.Contains(log.Bytes(), []byte("session broke")) {
				t.Errorf("%.3000s", log.Bytes())
			}
			if n.hello.Load() != n.bye.Load() || n.hello.Load() != 320 || n.asked.Load() != n.done.Load() || n.columns.Load() < 100 || n.errors.Load() < 10 {
				t.Errorf("%d came, %d went; %d commands began, %d ended; %d results, %d errors",
					n.hello.Load(), n.bye.Load(), n.asked.Load(), n.done.Load(), n.columns.Load(), n.errors.Load())
			}
		})
	}
}

// ramble sends commands, some of them nonsense, and reads for as long as somebody speaks.
func ramble(p *peer, r *rand.Rand) {
	defer p.raw.Close()
	var b []byte
	for range 1 + r.IntN(20) {
		command := []string{"\x03SELECT 1", "\x03SELECT 2", "\x16SELECT ?, ?", "\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01\x03\x00\xfd\x00\x01\x00\x00\x00\x01x",
			"\x17\x01\x00\x00\x00\x01\x01\x00\x00\x00\x02\x00", "\x1c\x01\x00\x00\x00\x02\x00\x00\x00", "\x17\xff", "\x18\x01\x00\x00\x00\x01\x00abc",
			"\x19\x01\x00\x00\x00", "\x1a\x01\x00\x00\x00", "\x04t\x00", "\x0e", "\x1f", "\x02app", "\xfa\x01\x00\x00\x00\x80\x00"}[r.IntN(15)]
		b, _ = wire.AppendFrame(b, []byte(command), 0)
	}
	if r.IntN(2) == 0 {
		b, _ = wire.AppendFrame(b, []byte{byte(core.Quit)}, 0)
	}
	if _, err := p.raw.Write(b); err != nil {
		return
	}
	buf := make([]byte, 64<<10)
	for {
		_ = p.raw.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := p.raw.Read(buf); err != nil {
			return
		}
	}
}
