package guest

import (
	"fmt"
	"strings"
	"testing"
)

func TestADigestsNumberHasItsDigits(t *testing.T) {
	for _, hex := range []string{"0123456789abcdef", "fedcba9876543210", "FFFFFFFFFFFFFFFF", "0000000000000000", "a0b1c2d3e4f50617"} {
		if got := fmt.Sprintf("%016x", digest(hex+"77")); got != strings.ToLower(hex) {
			t.Errorf("%s became %s", hex, got)
		}
	}
	if digest("0123") != 0 {
		t.Error("a short digest has a number")
	}
}
