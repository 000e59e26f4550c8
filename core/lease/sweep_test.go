package lease

import (
	"slices"
	"testing"
	"time"
)

func TestIdleOnesAreClosedInTime(t *testing.T) {
	o := newOffice(t, Limits{MinIdle: 1, MaxIdle: time.Minute, MaxLife: time.Hour})
	all := o.idle(ann, ann, ann, bob)
	o.now += time.Minute - 3*time.Second // the last two are younger
	if got := o.sweep(1); len(got.Close) != 0 {
		t.Error("a loop closes another one's")
	}
	if got := o.sweep(0); !slices.Equal(got.Close, all[:1]) {
		t.Errorf("%d closed", len(got.Close))
	}
	o.now += time.Minute
	if got := o.sweep(0); !slices.Equal(got.Close, all[1:2]) {
		t.Errorf("%d closed, though one of each kind stays", len(got.Close))
	}
	o.now += lately
	if got := o.sweep(0); !slices.Equal(got.Close, all[2:]) {
		t.Errorf("%d closed, though nobody asks any more", len(got.Close))
	}
	if o.now += lately; len(o.sweep(0).Open) != 0 || len(o.ledger.kinds)+len(o.ledger.users) != 0 {
		t.Error("kinds that nobody asks for are not forgotten")
	}
}

func TestALifeEndsALittleEarlier(t *testing.T) {
	o := newOffice(t, Limits{MaxLife: 100 * time.Second}) // 95, as the random number is a half
	c, other := o.open(ann, 0), o.open(ann, 0)
	o.now += 92 * time.Second
	o.put(c, true)
	o.put(other, true)
	o.take(ann, 0, c, Use)
	if o.now += time.Second; len(o.sweep(0).Close) != 1 {
		t.Error("an idle one stays")
	}
	o.put(c, false)
	if s := o.Stats(); s.Closed != [reasons]uint64{Aged: 2} || s.Idle+s.Lent != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAPingIsNoUse(t *testing.T) {
	o := newOffice(t, Limits{MinIdle: 2, Keepalive: 10 * time.Second, MaxIdle: time.Minute})
	all := o.idle(ann, ann)
	uses := all[0].Uses()
	o.now += 9 * time.Second
	got := o.sweep(0)
	if !slices.Equal(got.Ping, all[:1]) || o.Stats().Lent != 1 {
		t.Fatalf("%d pinged", len(got.Ping))
	}
	if o.now += 2 * time.Second; len(o.sweep(0).Open) != 0 {
		t.Error("one is opened in place of what is pinged")
	}
	o.put(all[0], true)
	o.put(all[1], true)
	if len(o.sweep(0).Ping) != 0 || all[0].Uses() != uses {
		t.Error("it is pinged again at once, or was used")
	}
	if o.take(ann, 0, nil, Use) != all[1] {
		t.Error("a ping made it the one used last")
	}
}

func TestAFewAreKeptOpen(t *testing.T) {
	o := newOffice(t, Limits{Max: 3, MinIdle: 2})
	c := o.open(ann, 0)
	if len(o.sweep(0).Open) != 0 {
		t.Fatal("it is opened at once by everybody")
	}
	o.now += spread / 2
	if got := o.sweep(0).Open; !slices.Equal(got, []Kind{ann}) {
		t.Fatalf("%v are opened", got)
	}
	o.Failed(ann)
	o.sweep(0)
	o.now += spread / 2
	if len(o.sweep(0).Open) != 0 {
		t.Error("after a failure it comes as soon as before")
	}
	for range 2 {
		o.sweep(0)
		if o.now += spread; len(o.sweep(0).Open) != 1 {
			t.Fatal("none is opened after a failure")
		}
		o.put(o.opened(ann, 0), true)
	}
	o.sweep(0)
	o.now += time.Minute
	if got := o.sweep(0).Open; len(got) != 0 || o.Stats().Idle != 2 {
		t.Errorf("%v are opened beyond what is to be kept", got)
	}
	o.put(c, true)
}

func TestRetiredOnesAreLentNoMore(t *testing.T) {
	o := newOffice(t, Limits{Max: 4})
	old := o.idle(ann)[0]
	o.take(ann, 0, old, Use)
	lent := old
	old = o.open(ann, 0)
	o.put(old, true)
	o.take(bob, 0, nil, Dial)
	o.Retire()
	fresh := o.open(ann, 0) // not the idle one
	if got := o.sweep(0).Close; !slices.Equal(got, []*conn{old}) {
		t.Errorf("%v are closed", got)
	}
	o.put(lent, false)
	o.put(fresh, true)
	o.put(o.opened(bob, 0), false) // it logged in while the globals changed
	if o.take(ann, 0, nil, Use) != fresh || o.Stats().Closed != [reasons]uint64{Retired: 3} {
		t.Errorf("%+v", o.Stats())
	}
}

func TestARetiredOneMakesRoom(t *testing.T) {
	o := newOffice(t, Limits{Max: 2})
	old := o.idle(ann, bob)
	o.take(bob, 0, nil, Use)
	o.Retire()
	if o.take(ann, 0, nil, Replace) != old[0] {
		t.Error("another one is replaced")
	}
}

func TestADeadOneIsForgottenOnce(t *testing.T) {
	o := newOffice(t, Limits{Max: 1})
	c := o.idle(ann)[0]
	if !o.Forget(c) || o.Forget(c) {
		t.Error("an idle one is forgotten once")
	}
	c = o.open(ann, 0)
	if o.Forget(c) {
		t.Error("a lent one was forgotten")
	}
	o.put(c, true)
	o.Retire()
	if !o.Forget(c) || len(o.sweep(0).Close) != 0 {
		t.Error("a retired one is not forgotten")
	}
}
