package lease

import (
	"testing"
	"time"
)

func TestWhoCameFirstIsServedFirst(t *testing.T) {
	o := newOffice(t, Limits{Max: 1})
	c := o.open(ann, 0)
	first, second, third := o.queue(annOther), o.queue(ann), o.queue(annBig)
	o.put(c, true)
	first.want(t, Change, c)
	second.want(t, Wait, nil)
	o.take(ann, 0, nil, Wait)
	o.Changed(c, annOther)
	o.put(c, true)
	second.want(t, Change, c)
	o.Drop(c)
	third.want(t, Dial, nil)
	o.Failed(annBig)
	if s := o.Stats(); s.Waited != 3 || s.LongestWait != 2*time.Second || s.Idle+s.Lent+s.Opening != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAnAccountAtItsLimitDoesNotBlockOthers(t *testing.T) {
	o := newOffice(t, Limits{Max: 3, MaxPerUser: 1})
	a, b := o.open(ann, 0), o.open(bob, 0)
	blocked, behind, other := o.queue(ann), o.queue(bob), o.queue(Kind{User: "eve"})
	other.want(t, Dial, nil)
	o.put(b, true)
	blocked.want(t, Wait, nil)
	behind.want(t, Use, b)
	o.put(b, true)
	blocked.want(t, Wait, nil) // bob's one is no use at ann's limit
	o.put(a, true)
	blocked.want(t, Use, a)
}

func TestALoginThatEndsLetsTheNextBegin(t *testing.T) {
	o := newOffice(t, Limits{Max: 9, MaxLogins: 1})
	o.take(ann, 0, nil, Dial)
	first, second := o.queue(ann), o.queue(ann)
	c := o.opened(ann, 0)
	first.want(t, Dial, nil)
	o.put(c, true)
	second.want(t, Use, c) // earlier than by a login
	third := o.queue(bob)
	o.Failed(ann)
	third.want(t, Dial, nil)
}

func TestAWaiterForALoginIsOvertakenByWhatItHasNoUseFor(t *testing.T) {
	o := newOffice(t, Limits{Max: 9, MaxLogins: 1})
	b := o.idle(bob)[0]
	o.take(ann, 0, nil, Dial)
	w := o.queue(ann)
	if o.take(bob, 0, nil, Use) != b {
		t.Error("bob did not get his own")
	}
	w.want(t, Wait, nil)
}

func TestWhoLeavesIsNotServed(t *testing.T) {
	o := newOffice(t, Limits{Max: 1})
	c := o.open(ann, 0)
	all := []*wait{o.queue(ann), o.queue(annOther), o.queue(ann), o.queue(ann)}
	for _, i := range []int{2, 0} {
		if !all[i].Cancel() || all[i].Cancel() {
			t.Error("a ticket is cancelled once")
		}
	}
	o.put(c, true)
	all[1].want(t, Change, c)
	if all[1].Cancel() {
		t.Error("a ticket that was served was cancelled")
	}
	o.put(c, true)
	all[3].want(t, Use, c)
	all[0].want(t, Wait, nil)
	all[2].want(t, Wait, nil)
}

func TestWhatCameBackBeforeTheQueueIsServedThere(t *testing.T) {
	o := newOffice(t, Limits{Max: 1})
	c := o.open(ann, 0)
	o.take(ann, 0, nil, Wait)
	o.put(c, true)
	o.queue(ann).want(t, Use, c)
}

func TestTheQueueIsBounded(t *testing.T) {
	o := newOffice(t, Limits{Max: 1, MaxWaiting: 2})
	o.open(ann, 0)
	o.queue(ann)
	last := o.queue(ann)
	if o.queue(ann).Ticket != nil || o.Stats().Refused != 1 {
		t.Error("a third one may wait")
	}
	last.Cancel()
	if o.queue(ann).Ticket == nil {
		t.Error("the place of one who left isn't free")
	}
	o.SetLimits(Limits{Max: 1})
	for range defaultWaiting - 2 {
		o.queue(bob)
	}
	if o.queue(ann).Ticket != nil || o.Stats().Waiting != defaultWaiting {
		t.Error("the queue has no bound of its own")
	}
}

func TestAClosedLenderSaysSo(t *testing.T) {
	o := newOffice(t, Limits{Max: 2})
	c, other := o.open(ann, 0), o.open(ann, 0)
	o.put(other, true)
	o.take(ann, 0, nil, Use)
	o.put(other, true)
	o.take(ann, 0, nil, Use)
	w := o.queue(ann)
	o.put(other, true)
	w.want(t, Use, other)
	o.put(other, true)
	o.take(ann, 0, other, Use)
	last := o.queue(ann)
	o.Close()
	last.want(t, Closed, nil)
	o.take(ann, 0, nil, Closed)
	o.queue(bob).want(t, Closed, nil)
	o.put(c, false)
	o.put(other, false)
	if s := o.Stats(); s.Lent+s.Idle+s.Opening+s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}
