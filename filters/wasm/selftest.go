package wasm

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
)

// cases asks the filter what its manifest says that it must be able to answer. What they do to
// shared values and metrics is real: a case is a question like any other.
func (l *loading) cases(ctx context.Context) error {
	if l.d.Classify == nil {
		return nil
	}
	for i, one := range l.e.manifest.Cases {
		if err := l.filter.try(ctx, one, l.d.Classify); err != nil {
			return fmt.Errorf("case %d of its manifest (%s): %w", i+1, one.Name, err)
		}
		l.report.Cases++
	}
	return nil
}

// try asks one case, whatever the filter's mode is.
func (f *Filter) try(ctx context.Context, one manifest.Case, classify func([]byte) *core.Facts) error {
	s := &core.Session{User: one.User, Schema: one.Schema, Log: slog.New(slog.DiscardHandler)}
	q := f.question(s, "")
	defer f.others.Put(q)
	q.SQL, q.Facts, q.Statements = []byte(one.SQL), classify([]byte(one.SQL)), 1
	if err := f.program.Call(ctx, abi.HookQuery, 0, q); err != nil {
		return err
	}
	v := &q.Verdict
	switch got := opName(v.Op); {
	case one.Want != "" && got != string(one.Want):
		return fmt.Errorf("its verdict is %s, want %s", got, one.Want)
	case one.Code != 0 && v.Code != one.Code:
		return fmt.Errorf("its error is %d, want %d", v.Code, one.Code)
	case one.MaxFuel > 0 && q.Fuel > uint64(one.MaxFuel):
		return fmt.Errorf("it used %d of fuel, more than %d", q.Fuel, one.MaxFuel)
	}
	return nil
}
