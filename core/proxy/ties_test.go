package proxy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// Each transaction makes a tie and cuts it.
func TestTiesThatComeAndGoAllocateNothing(t *testing.T) {
	s, k := &session{}, &link{}
	s.link = k
	s.cmd.Code = core.Query
	made := 0
	n := testing.AllocsPerRun(100, func() {
		s.Status = wire.StatusInTrans
		s.noteTies(k)
		made += len(k.ties.causes)
		s.Status = 0
		s.noteTies(k)
		made -= len(k.ties.causes)
	})
	if n != 0 || made != 101 {
		t.Errorf("%v allocations for a transaction, want 0; %d ties of 101 transactions", n, made)
	}
}

func TestALongTextIsCutBetweenCharacters(t *testing.T) {
	for shift := range 4 {
		text := strings.Repeat("a", shift) + strings.Repeat("日", shownText)
		got := cut(text)
		if !utf8.ValidString(got) || !strings.HasSuffix(got, "日...") || len(got) > shownText+3 || len(got) < shownText {
			t.Errorf("shifted by %d: %d bytes, %q", shift, len(got), got[max(0, len(got)-12):])
		}
	}
	if got := cut("short"); got != "short" {
		t.Errorf("%q", got)
	}
}
