package slowlog

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// jsonFormat writes slog's JSON, one object a line, durations in seconds.
func jsonFormat(link string, maxSQL int) formatter {
	return func(b []byte, c *core.Command, o *core.Outcome, end time.Time) []byte {
		out := bytes.NewBuffer(b)
		r := slog.NewRecord(end, slog.LevelInfo, "slow command", 0)
		r.AddAttrs(slog.String("filter", link))
		who(&r, c.Session)
		what(&r, c, o, maxSQL)
		how(&r, o)
		// Neither a buffer nor these types can fail.
		_ = slog.NewJSONHandler(out, nil).Handle(context.Background(), r)
		return out.Bytes()
	}
}

func who(r *slog.Record, s *core.Session) {
	client := "unix"
	if s.Client.IsValid() {
		client = s.Client.String()
	}
	r.AddAttrs(
		slog.Uint64("session", uint64(s.ID)), slog.String("listener", s.Listener),
		slog.String("client", client), slog.String("user", s.User), slog.String("schema", s.Schema))
}

func what(r *slog.Record, c *core.Command, o *core.Outcome, maxSQL int) {
	r.AddAttrs(slog.String("code", c.Code.String()), slog.String("pool", c.Pool))
	if b := backend(c, o); b != nil {
		r.AddAttrs(slog.String("backend", b.Name))
	}
	if !hasSQL(c) {
		return
	}
	r.AddAttrs(slog.Int("sql_bytes", sqlSize(c)))
	if maxSQL > 0 {
		r.AddAttrs(slog.String("sql", string(appendSQL(nil, c, maxSQL))))
	}
	if c.Rewritten() != nil {
		r.AddAttrs(slog.Bool("rewritten", true))
	}
}

func how(r *slog.Record, o *core.Outcome) {
	r.AddAttrs(
		seconds("seconds", o.Total()), seconds("wait_seconds", o.Wait), seconds("filters_seconds", o.Filters),
		seconds("backend_seconds", o.Backend), seconds("send_seconds", o.Send),
		slog.Uint64("rows", o.Rows), slog.Uint64("affected", o.Affected), slog.Uint64("warnings", uint64(o.Warnings)),
		slog.Uint64("bytes_in", o.BytesIn), slog.Uint64("bytes_out", o.BytesOut))
	if o.Side != core.Nobody {
		r.AddAttrs(slog.String("side", o.Side.String()))
	}
	if o.Err != nil {
		r.AddAttrs(slog.Uint64("error_code", uint64(o.Err.Code)), slog.String("error_state", o.Err.State), slog.String("error", o.Err.Message))
	}
	if o.Cause != nil {
		r.AddAttrs(slog.String("cause", o.Cause.Error()))
	}
}

func seconds(key string, d time.Duration) slog.Attr { return slog.Float64(key, d.Seconds()) }
