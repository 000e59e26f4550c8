package routing

import (
	"testing"

	"github.com/go-mysql-org/go-mysql/client"
)

// To its client a transaction has begun, whether the server knows of it yet or not.
func TestATransactionThatIsHeldHasBegunForItsClient(t *testing.T) {
	n := start(t)
	for _, mode := range []pooling{alone, shared} {
		for _, router := range []string{"lazy_begin: false", "lazy_begin: true"} {
			t.Run(string(mode)+" "+router, func(t *testing.T) {
				c, err := client.Connect(n.mesh(t, mode, router).Addr, user, user, "app")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				for _, step := range []struct {
					sql  string
					open bool
				}{
					{"SELECT 1", false}, {"BEGIN", true}, {"BEGIN", true}, {"SELECT 1", true}, {"COMMIT", false},
					{"START TRANSACTION", true}, {"COMMIT", false}, {"SELECT 1", false},
					{"BEGIN", true}, {"INSERT INTO u (t_id) VALUES (1)", true}, {"ROLLBACK", false},
				} {
					if _, err := c.Execute(step.sql); err != nil {
						t.Fatalf("%s: %v", step.sql, err)
					}
					if c.IsInTransaction() != step.open {
						t.Errorf("behind %s a transaction is open: %t", step.sql, !step.open)
					}
				}
			})
		}
	}
}
