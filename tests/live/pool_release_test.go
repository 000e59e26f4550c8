package live

import "testing"

// A COMMIT RELEASE ends its session, as without dbmesh, and no other: the server closes the
// connection a moment after its answer, so that nobody may get it.
func TestAReleaseEndsItsOwnSessionAlone(t *testing.T) {
	m, _ := own(t, "max: 1")
	c := session(t, app(t, m.addr(), params))
	for _, end := range []string{
		"COMMIT RELEASE", "ROLLBACK WORK RELEASE", "COMMIT AND NO CHAIN /*!50000 RELEASE */", "SELECT 1; COMMIT RELEASE",
		"EXECUTE IMMEDIATE 'ROLLBACK RELEASE'",
	} {
		for range 20 {
			r := dialRaw(t, m.addr(), "app", "app")
			for _, sql := range []string{"BEGIN", "SELECT 1"} {
				if err := r.query(sql); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
			if err := r.query(end); err != nil {
				t.Fatalf("%s: %v", end, err)
			}
			if err := try(c, "SELECT 1"); err != nil {
				t.Fatalf("%s: another session: %v", end, err)
			}
			if err := r.query("SELECT 1"); err == nil {
				t.Fatalf("%s: its session goes on", end)
			}
		}
	}
	run(t, c, "BEGIN")
	run(t, c, "COMMIT NO RELEASE")
	run(t, c, "SELECT 1")
}
