package lease

import "testing"

func TestWhatIsNotLentIsNotTakenBack(t *testing.T) {
	o := newOffice(t, Limits{Max: 1})
	c := o.idle(ann)[0]
	o.put(c, false)
	o.Drop(c)
	o.Changed(c, bob)
	o.Linger(c, o.now)
	if o.Unlinger(c) || c.Kind != ann || o.take(ann, 0, nil, Use) != c {
		t.Error("an idle one was dropped, changed, or lingers")
	}
	o.Drop(c)
	o.Drop(c)
	o.put(c, false)
	if s := o.Stats(); s.Lent+s.Idle != 0 || s.Closed != [reasons]uint64{Dropped: 1} {
		t.Errorf("%+v", s)
	}
}

func TestOpeningNeedsAPermission(t *testing.T) {
	o := newOffice(t, Limits{})
	o.take(ann, 0, nil, Dial)
	defer func() {
		if recover() == nil {
			t.Error("one of another kind was opened")
		}
	}()
	o.opened(bob, 0)
}

func TestAnswersAndReasonsHaveNames(t *testing.T) {
	names := map[string]bool{}
	for a := Wait; a <= Closed; a++ {
		names[a.String()] = true
	}
	for r := range reasons {
		names[r.String()] = true
	}
	if len(names) != int(Closed)+1+int(reasons) || names["invalid"] {
		t.Errorf("%v", names)
	}
}
