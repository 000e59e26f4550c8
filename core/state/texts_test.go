package state

import (
	"fmt"
	"sync"
	"testing"
)

func TestSessionsShareOneCopyOfAText(t *testing.T) {
	texts := NewTexts(10)
	sql := []byte("select ?")
	first := texts.Hold(Meaning{Schema: "a"}, sql)
	sql[0] = 'S' // the caller's buffer is used for something else
	for range 1000 {
		if again := texts.Hold(Meaning{Schema: "a"}, []byte("select ?")); again != first {
			t.Fatal("two copies")
		}
	}
	if string(first.SQL) != "select ?" || texts.Len() != 1 {
		t.Fatalf("%q, %d texts", first.SQL, texts.Len())
	}
	for range 1001 {
		texts.Release(first)
	}
	if texts.Len() != 0 || len(texts.all) != 0 {
		t.Fatalf("%d texts are left, %d of them for nobody", texts.Len(), len(texts.all))
	}
}

func TestATextIsAnotherOneWhereItMeansSomethingElse(t *testing.T) {
	texts := NewTexts(10)
	seen := map[*Text]bool{}
	for _, m := range []Meaning{{}, {Schema: "a"}, {Schema: "b"}, {set: setTo("a")}, {Schema: "a", set: setTo("a")}, {Schema: "a", set: setTo("b")}, {Schema: "aa"}} {
		for _, sql := range []string{"x", "xa"} {
			if x := texts.Hold(m, []byte(sql)); seen[x] {
				t.Errorf("%q in %+v is the text of something else", sql, m)
			} else {
				seen[x] = true
			}
			if len(seen) == 10 {
				return
			}
		}
	}
}

func TestThereIsRoomForSoManyTexts(t *testing.T) {
	texts := NewTexts(2)
	hold := func(sql string) *Text { return texts.Hold(Meaning{}, []byte(sql)) }
	a := hold("a")
	if hold("b") == nil || hold("c") != nil || hold("a") != a {
		t.Fatal("not two")
	}
	texts.Release(a)
	texts.keep(a)
	texts.Release(a) // only a connection has it
	if hold("c") == nil {
		t.Fatal("a text of connections takes a session's room")
	}
	if hold("a") != nil {
		t.Fatal("a text of connections is held beyond the limit")
	}
	texts.SetMax(3)
	if hold("a") != a || hold("d") != nil {
		t.Fatal("not three")
	}
}

func TestTextsOfOneHashAreKeptApart(t *testing.T) {
	texts := NewTexts(10)
	var chain []*Text
	for i := range 4 { // as if their hashes were the same
		x := texts.Hold(Meaning{}, fmt.Append(nil, i))
		delete(texts.all, x.hash)
		x.hash = 7
		x.next = texts.all[7]
		texts.all[7] = x
		chain = append(chain, x)
	}
	for n, i := range []int{1, 3, 0, 2} { // out of the middle, the first, the last, the only one
		texts.Release(chain[i])
		left := 0
		for x := texts.all[7]; x != nil; x = x.next {
			if left++; x == chain[i] {
				t.Errorf("%d is still there", i)
			}
		}
		if left != 3-n {
			t.Errorf("%d are left without %d", left, i)
		}
	}
	if len(texts.all) != 0 {
		t.Error("an empty chain is left")
	}
}

func TestManySessionsHoldAndReleaseAtOnce(t *testing.T) {
	texts := NewTexts(100)
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 500 {
				x := texts.Hold(Meaning{Schema: fmt.Sprint(i % 3)}, fmt.Append(nil, (i+g)%5))
				var h Handles
				h.Begin(texts, 1)
				h.Add(h.New(x, 1, 0))
				texts.Release(x)
				h.Clear()
			}
		})
	}
	group.Wait()
	if texts.Len() != 0 || len(texts.all) != 0 {
		t.Errorf("%d texts are left, %d of them for nobody", texts.Len(), len(texts.all))
	}
}

func setTo(mode string) *variables {
	var none *variables
	return none.with([]string{"sql_mode"}, []string{mode})
}
