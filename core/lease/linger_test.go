package lease

import "testing"

func TestWhatLingersIsAskedBackForWhoWaits(t *testing.T) {
	o := newOffice(t, Limits{Max: 3})
	old, young, busy := o.open(ann, 0), o.open(bob, 0), o.open(ann, 0)
	o.Linger(old, o.now)
	o.Linger(young, o.now)
	if old.asked+young.asked != 0 {
		t.Fatal("it was asked back for nobody")
	}
	first := o.queue(bob)
	if old.asked != 1 || young.asked != 0 {
		t.Fatal("one is asked back for one waiter: that which lingers longest")
	}
	second := o.queue(ann)
	if old.asked != 1 || young.asked != 1 {
		t.Fatal("two are asked back for two waiters")
	}
	third := o.queue(ann)
	o.Linger(busy, o.now)
	if busy.asked != 1 || o.Stats().Lingering != 3 {
		t.Fatal("one that lingers while somebody waits is asked back at once")
	}
	o.put(young, true)
	first.want(t, Use, young)
	o.put(busy, true)
	second.want(t, Use, busy)
	o.Drop(old)
	third.want(t, Dial, nil)
	if o.Stats().Lingering != 0 {
		t.Error("something lingers still")
	}
}

func TestWhatDoesNotHelpIsNotAskedBack(t *testing.T) {
	o := newOffice(t, Limits{Max: 9, MaxPerUser: 1, MaxLogins: 1})
	a, b := o.open(ann, 0), o.open(bob, 0)
	o.Linger(b, o.now)
	o.queue(ann) // at the limit of its account
	o.take(Kind{User: "eve"}, 0, nil, Dial)
	o.queue(Kind{User: "joe"}) // for a login
	if b.asked != 0 {
		t.Error("bob's was asked back for ann, or for a login")
	}
	o.Linger(a, o.now)
	if a.asked != 1 || b.asked != 0 {
		t.Error("ann's was not asked back for ann")
	}
}

func TestABorrowerGoesOnWithWhatLingers(t *testing.T) {
	o := newOffice(t, Limits{Max: 2})
	c, other := o.open(ann, 0), o.open(ann, 0)
	o.Linger(c, o.now)
	if !o.Unlinger(c) || o.Unlinger(c) {
		t.Error("it may go on with what nobody wants, and only with what lingers")
	}
	o.Linger(c, o.now)
	w := o.queue(ann)
	o.Linger(other, o.now)
	if c.asked != 1 || other.asked != 0 {
		t.Fatal("another one was asked back than that which lingered first")
	}
	if o.Unlinger(c) || other.asked != 1 {
		t.Error("it goes on with one that was asked back, and no other is asked in its place")
	}
	o.put(other, true)
	w.want(t, Use, other)
	o.put(c, true)
}
