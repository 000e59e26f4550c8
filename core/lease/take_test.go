package lease

import (
	"testing"
	"time"
)

func TestWhatABorrowerGets(t *testing.T) {
	tests := []struct {
		name   string
		limits Limits
		idle   []Kind // oldest first
		lent   []Kind
		ask    Kind
		want   Answer
		which  int // of idle
	}{
		{"a new one while there is room", Limits{Max: 2}, nil, []Kind{ann}, ann, Dial, 0},
		{"a new one where nothing is bounded", Limits{}, nil, []Kind{ann}, ann, Dial, 0},
		{"nothing at the limit", Limits{Max: 1}, nil, []Kind{ann}, ann, Wait, 0},
		{"the one used last", Limits{Max: 3}, []Kind{ann, bob, ann}, nil, ann, Use, 2},
		{"no other kind's while there is room", Limits{Max: 3}, []Kind{bob, annOther}, nil, ann, Dial, 0},
		{"another account's at the limit is replaced", Limits{Max: 1}, []Kind{bob}, nil, ann, Replace, 0},
		{"its own with another collation at the limit", Limits{Max: 1}, []Kind{annOther}, nil, ann, Change, 0},
		{"that which nobody used for longest", Limits{Max: 3}, []Kind{annOther, bob, annOther}, nil, ann, Change, 0},
		{"another class's is replaced", Limits{Max: 1}, []Kind{bobBig}, nil, ann, Replace, 0},
		{"change rather than replace", Limits{Max: 3}, []Kind{annBig, bob, annOther}, nil, ann, Change, 2},
		{"its account's at the limit of that", Limits{Max: 9, MaxPerUser: 2}, []Kind{bob, annOther}, []Kind{ann}, ann, Change, 1},
		{"its account's, if only to replace it", Limits{Max: 9, MaxPerUser: 2}, []Kind{bob, annBig}, []Kind{ann}, ann, Replace, 1},
		{"not others' at the limit of its account", Limits{Max: 2, MaxPerUser: 1}, []Kind{bob}, []Kind{ann}, ann, Wait, 0},
		{"a new one while others are at their limit", Limits{Max: 9, MaxPerUser: 1}, nil, []Kind{ann}, bob, Dial, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t, test.limits)
			for _, k := range test.lent {
				o.open(k, 0)
			}
			all := o.idle(test.idle...)
			c := o.take(test.ask, 0, nil, test.want)
			switch test.want {
			case Use, Change, Replace:
				if c != all[test.which] {
					t.Error("it is another connection")
				}
			default:
				if c != nil {
					t.Error("a connection came along")
				}
			}
		})
	}
}

func TestTheOneThatWasAskedForComesFirst(t *testing.T) {
	o := newOffice(t, Limits{})
	all := o.idle(ann, ann, bob)
	uses := all[0].Uses()
	o.take(ann, 0, all[0], Use)
	if all[0].Uses() != uses+1 {
		t.Error("Uses did not grow by one")
	}
	if o.take(ann, 0, all[0], Use) != all[1] {
		t.Error("one that is lent was lent again")
	}
	o.take(ann, 0, all[2], Dial) // of another kind
}

func TestTheLoopsOwnOnesComeFirst(t *testing.T) {
	o := newOffice(t, Limits{})
	far, near, late := o.open(ann, 2), o.open(ann, 0), o.open(ann, 1)
	for _, c := range []*conn{near, far, late} {
		o.put(c, true)
	}
	for i, want := range []*conn{near, late, far} {
		if c := o.take(ann, 0, nil, Use); c != want {
			t.Errorf("the borrowing %d got the one of loop %d", i, c.Loop)
		}
	}
}

func TestLoginsAtOnceAreBounded(t *testing.T) {
	o := newOffice(t, Limits{Max: 9, MaxLogins: 2})
	o.take(ann, 0, nil, Dial)
	o.take(bob, 0, nil, Dial)
	o.take(ann, 0, nil, Wait)
	o.Failed(bob)
	o.take(ann, 0, nil, Dial)
	o.opened(ann, 0)
	o.take(ann, 0, nil, Dial)
	if s := o.Stats(); s.Opening != 2 || s.Lent != 1 || s.Failed != 1 || s.Opened != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAChangedOneIsOfItsNewKindAtOnce(t *testing.T) {
	o := newOffice(t, Limits{Max: 1})
	old := o.idle(annOther)
	c := o.take(ann, 0, nil, Change)
	if c != old[0] || c.Kind != annOther {
		t.Fatal("it is to be changed, as it was")
	}
	o.take(annOther, 0, nil, Wait)
	o.Changed(c, ann)
	o.put(c, true)
	if c.Kind != ann || o.take(ann, 0, nil, Use) != c {
		t.Error("it did not become one of the new kind")
	}
}

func TestAReplacedOneCountsForItsNewAccountAtOnce(t *testing.T) {
	o := newOffice(t, Limits{Max: 2, MaxPerUser: 1})
	old := o.idle(bob, Kind{User: "eve", Class: 1})
	if o.take(ann, 0, nil, Replace) != old[0] {
		t.Fatal("the oldest is to be replaced")
	}
	o.take(annOther, 0, nil, Wait) // ann has its one
}

func TestAnUnchangedOneComesBackAsItWas(t *testing.T) {
	o := newOffice(t, Limits{Max: 1})
	c := o.idle(annOther)[0]
	o.take(ann, 0, nil, Change)
	o.put(c, true)
	if o.take(annOther, 0, nil, Use) != c {
		t.Error("it is of another kind now")
	}
}

func TestLimitsChangeLive(t *testing.T) {
	o := newOffice(t, Limits{Max: 2})
	lent := []*conn{o.open(ann, 0), o.open(bob, 0)}
	w := o.queue(ann)
	o.SetLimits(Limits{Max: 3})
	w.want(t, Dial, nil)
	last := o.opened(ann, 0)
	o.SetLimits(Limits{Max: 1})
	o.put(lent[0], false)
	o.put(lent[1], false)
	o.put(last, true)
	o.SetLimits(Limits{Max: 1, MaxLife: time.Nanosecond})
	if got := o.sweep(0); len(got.Close) != 1 || o.Stats().Closed != [reasons]uint64{Surplus: 2, Aged: 1} {
		t.Errorf("%v, %+v", got, o.Stats())
	}
}
