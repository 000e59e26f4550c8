package backend

import (
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
)

func TestAPositionCoversWhatIsAppliedAndNothingElse(t *testing.T) {
	const a, b = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"
	for _, c := range []struct {
		flavour, have, want string
		covers              bool
	}{
		{mysql.MariaDBFlavor, "0-1-10", "0-1-10", true},
		{mysql.MariaDBFlavor, "0-1-11", "0-1-10", true},
		{mysql.MariaDBFlavor, "0-1-9", "0-1-10", false},
		{mysql.MariaDBFlavor, "0-2-11", "0-1-10", true},  // another primary since
		{mysql.MariaDBFlavor, "0-2-10", "0-1-10", false}, // they went apart
		{mysql.MariaDBFlavor, "", "0-1-1", false},
		{mysql.MariaDBFlavor, "", "", true},
		{mysql.MariaDBFlavor, "0-1-1", "", true},
		{mysql.MariaDBFlavor, "0-1-10,7-1-3", "7-1-3,0-1-10", true},
		{mysql.MariaDBFlavor, "0-1-10", "0-1-10,7-1-3", false},
		{mysql.MySQLFlavor, a + ":1-10", a + ":1-10", true},
		{mysql.MySQLFlavor, a + ":1-10", a + ":4-6:9", true},
		{mysql.MySQLFlavor, a + ":1-3:5-10", a + ":1-10", false},
		{mysql.MySQLFlavor, a + ":1-10,\n" + b + ":1", a + ":1-10", true},
		{mysql.MySQLFlavor, a + ":1-10", a + ":1-10,\n" + b + ":1", false},
		{mysql.MySQLFlavor, "", a + ":1", false},
		{mysql.MySQLFlavor, a + ":1-3:tag:1-5", a + ":1:tag:5", true},
		{mysql.MySQLFlavor, a + ":1-3", a + ":1:tag:5", false},
	} {
		have, err := parsePosition(c.flavour, c.have)
		if err != nil {
			t.Fatal(err)
		}
		want, err := parsePosition(c.flavour, c.want)
		if err != nil {
			t.Fatal(err)
		}
		if got := have.Covers(want); got != c.covers {
			t.Errorf("%q covers %q: %v", c.have, c.want, got)
		}
	}
}

func TestPositionsOfDifferentKindsCoverNothing(t *testing.T) {
	maria, _ := parsePosition(mysql.MariaDBFlavor, "0-1-10")
	other, _ := parsePosition(mysql.MySQLFlavor, "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-10")
	if maria.Covers(other) || other.Covers(maria) {
		t.Error("one covers the other")
	}
}

func TestPositionsThatNoServerWritesAreErrors(t *testing.T) {
	for _, text := range []string{"x", "0-1", "0-1-2,", "1-2-3-4", "-1-1-1", "0-1-99999999999999999999", "\x00"} {
		if p, err := parsePosition(mysql.MariaDBFlavor, text); err == nil {
			t.Errorf("%q is a position: %s", text, p)
		}
	}
	for _, text := range []string{"x", ":", "a:1", "3e11fa47-71ca-11e1-9e33-c80aa9429562:", "3e11fa47-71ca-11e1-9e33-c80aa9429562:9-1"} {
		if p, err := parsePosition(mysql.MySQLFlavor, text); err == nil {
			t.Errorf("%q is a position: %s", text, p)
		}
	}
}

func FuzzPositionsNeverPanic(f *testing.F) {
	for _, s := range []string{"0-1-10", "0-1-1,7-2-3", "", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-10:12,4e11fa47-71ca-11e1-9e33-c80aa9429562:tag:1"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, x, y string) {
		for _, flavour := range []string{mysql.MariaDBFlavor, mysql.MySQLFlavor} {
			p, err := parsePosition(flavour, x)
			q, err2 := parsePosition(flavour, y)
			if err != nil || err2 != nil {
				continue
			}
			if !p.Covers(p) {
				t.Errorf("%q does not cover itself", x)
			}
			both := p.with(q)
			if flavour == mysql.MariaDBFlavor && (p.Covers(q) && !both.Covers(q) || !both.Covers(p)) {
				t.Errorf("%q with %q is %q", x, y, both)
			}
		}
	})
}
