package stmt

// brackets tells for each token where its parentheses are. Looking for them anew from each
// token would take a hostile text's length squared.
type brackets struct {
	close []int32 // of an opening one: where it is closed, or the end
	call  []int32 // the one around the token that no SELECT stands behind, or -1
}

func (s *statement) matched() *brackets {
	if s.pairs != nil {
		return s.pairs
	}
	b := &brackets{make([]int32, len(s.tokens)), make([]int32, len(s.tokens))}
	var open []int32      // the parentheses that are open
	around := []int32{-1} // likewise, or -1 behind a SELECT
	for i := range s.tokens {
		b.close[i], b.call[i] = int32(len(s.tokens)), around[len(around)-1]
		switch {
		case s.sign(i, "("):
			open, around = append(open, int32(i)), append(around, int32(i))
		case s.sign(i, ")"):
			if n := len(open) - 1; n >= 0 {
				b.close[open[n]] = int32(i)
				open, around = open[:n], around[:n+1]
			}
		case s.word(i, "select"):
			around[len(around)-1] = -1
		}
	}
	s.pairs = b
	return b
}

// pair gives the place of the parenthesis that closes the one at i, or the end.
func (s *statement) pair(i int) int {
	if !s.sign(i, "(") {
		return len(s.tokens)
	}
	return int(s.matched().close[i])
}

// inCall says whether the FROM at i is part of a function's arguments: EXTRACT(YEAR FROM d),
// TRIM(LEADING 'x' FROM y), SUBSTRING(a FROM 1).
func (s *statement) inCall(i int) bool {
	switch s.lower(int(s.matched().call[i]) - 1) {
	case "extract", "trim", "substring", "substr", "mid", "position", "overlay":
		return true
	}
	return false
}
