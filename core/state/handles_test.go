package state

import (
	"fmt"
	"testing"
)

// handles makes handles with the texts 0 to n-1, whose ids are 100 and up.
func handles(max, n int) (*Texts, *Handles, []*Text) {
	texts := NewTexts(1000)
	h := &Handles{}
	h.Begin(texts, max)
	var all []*Text
	for i := range n {
		x := texts.Hold(Meaning{}, fmt.Append(nil, i))
		h.Add(h.New(x, uint32(100+i), i))
		all = append(all, x)
	}
	return texts, h, all
}

// closing are the ids of the statements that are to be closed.
func closing(t *testing.T, h *Handles) (ids []uint32) {
	t.Helper()
	b := h.AppendClosing(nil)
	for ; len(b) >= 9; b = b[9:] {
		if string(b[:5]) != "\x05\x00\x00\x00\x19" {
			t.Errorf("%q closes nothing", b[:9])
		}
		ids = append(ids, uint32(b[5])|uint32(b[6])<<8|uint32(b[7])<<16|uint32(b[8])<<24)
	}
	if len(b) > 0 || h.Stale() {
		t.Errorf("%q is left", b)
	}
	return ids
}

func TestAConnectionKeepsTheStatementsUsedLast(t *testing.T) {
	_, h, texts := handles(3, 3)
	if h.Stale() {
		t.Error("something is to be closed")
	}
	for _, i := range []int{0, 2, 0, 0} {
		if x := h.Find(texts[i]); x == nil || x.ID != uint32(100+i) || x.Params != i {
			t.Fatalf("%d: %+v", i, x)
		}
	}
	x := h.texts.Hold(Meaning{}, []byte("new"))
	h.Add(h.New(x, 7, 0))
	if got := fmt.Sprint(closing(t, h)); got != "[101]" || h.Find(texts[1]) != nil || h.Len() != 3 {
		t.Errorf("closed %s", got)
	}
	h.max = 1
	h.Add(h.Lend(x))
	if got := fmt.Sprint(closing(t, h)); got != "[102 100]" || h.Len() != 1 || h.Find(x) == nil {
		t.Errorf("closed %s", got)
	}
}

func TestANewStatementTakesThePlaceOfTheSame(t *testing.T) {
	_, h, texts := handles(3, 2)
	h.Add(h.New(texts[0], 1<<24+2, 9))
	if got := fmt.Sprint(closing(t, h)); got != "[100]" || h.Find(texts[0]).Params != 9 || h.Len() != 2 {
		t.Errorf("closed %s", got)
	}
	h.Discard(h.Lend(texts[0]))
	if got := fmt.Sprint(closing(t, h)); got != "[16777218]" {
		t.Errorf("closed %s", got)
	}
}

func TestNobodyFindsALentStatement(t *testing.T) {
	texts, h, all := handles(2, 2)
	own := h.Lend(all[0])
	if h.Find(all[0]) != nil || h.Lend(all[0]) != nil || own.ID != 100 || h.Len() != 1 {
		t.Fatal("it is found")
	}
	h.Add(h.New(all[0], 7, 0)) // for another of the session's statements
	if h.Find(all[0]).ID != 7 || h.Stale() {
		t.Error("not the new one")
	}
	h.Add(own)
	if got := fmt.Sprint(closing(t, h)); got != "[7]" || h.Find(all[0]) != own {
		t.Errorf("closed %s", got)
	}
	lost := h.Lend(all[1])
	h.Lost(lost)
	texts.Release(all[1])
	if h.Stale() || texts.all[all[1].hash] != nil {
		t.Error("what is lost is kept")
	}
}

func TestAResetConnectionHasNoStatements(t *testing.T) {
	texts, h, all := handles(2, 4)
	h.Clear()
	if h.Len() != 0 || h.Stale() || h.Find(all[3]) != nil {
		t.Error("something is left")
	}
	for _, x := range all {
		texts.Release(x)
	}
	if len(texts.all) != 0 {
		t.Error("texts are kept for it")
	}
	var none Handles
	none.Clear()
	if none.Find(all[0]) != nil || none.Lend(all[0]) != nil || none.Stale() || len(none.AppendClosing(nil)) > 0 {
		t.Error("a connection of a session's own has statements")
	}
}

func TestATextStaysForAsLongAsAConnectionHasIt(t *testing.T) {
	texts, h, all := handles(1, 1)
	texts.Release(all[0])
	again := texts.Hold(Meaning{}, []byte("0"))
	if again != all[0] || h.Find(again) == nil {
		t.Error("it is prepared anew")
	}
	texts.Release(again)
	h.Add(h.New(texts.Hold(Meaning{}, []byte("1")), 1, 0))
	if texts.all[again.hash] != nil {
		t.Error("an evicted text is kept")
	}
}

func TestFindingAStatementMakesNoGarbage(t *testing.T) {
	_, h, texts := handles(64, 64)
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		if i++; h.Find(texts[i%64]) == nil {
			t.Fatal("not found")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
