package core

import (
	"context"
	"testing"
)

type idle struct{}

func (idle) OnCommand(context.Context, *Command) (Verdict, error) { return Verdict{}, nil }

func TestAChainWithoutUsersCannotBeAcquired(t *testing.T) {
	b := &Builder{Registry: Registry{"idle": {New: func(string, Decode) (Filter, error) { return idle{}, nil }}}}
	ch, err := b.Build("main", []Spec{{Name: "idle", Kind: "idle"}})
	if err != nil {
		t.Fatal(err)
	}
	live := NewLive(ch)
	live.Close()
	if ch.acquire() {
		t.Fatal("a closed chain was acquired")
	}
}
