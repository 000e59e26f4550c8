package stmt

// brackets tells for each token where its parentheses are. Looking for them anew from each
// token would take a hostile text's length squared.
type brackets struct {
	close  []int32 // of an opening one: where it is closed, or the end
	around []int32 // the opening one around the token, or -1
	call   []int32 // likewise, or -1 if a SELECT stands behind it
}

func (s *statement) matched() *brackets {
	if s.pairs != nil {
		return s.pairs
	}
	b := &brackets{make([]int32, len(s.tokens)), make([]int32, len(s.tokens)), make([]int32, len(s.tokens))}
	open, call := []int32{-1}, []int32{-1} // the parentheses that are open; likewise, or -1 behind a SELECT
	for i := range s.tokens {
		b.close[i], b.around[i], b.call[i] = int32(len(s.tokens)), open[len(open)-1], call[len(call)-1]
		switch {
		case s.sign(i, "("):
			open, call = append(open, int32(i)), append(call, int32(i))
		case s.sign(i, ")"):
			if n := len(open) - 1; n > 0 {
				b.close[open[n]] = int32(i)
				open, call = open[:n], call[:n]
			}
		case s.word(i, "select"):
			call[len(call)-1] = -1
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

// closing is the place of the parenthesis that closes those around i, or the end.
func (s *statement) closing(i int) int {
	if open := int(s.matched().around[i]); open >= 0 {
		return s.pair(open)
	}
	return len(s.tokens)
}

// opener is the word before the parentheses around i.
func (s *statement) opener(i int) string { return s.lower(int(s.matched().around[i]) - 1) }

// inCall says whether the FROM at i is part of a function's arguments: EXTRACT(YEAR FROM d),
// TRIM(LEADING 'x' FROM y), SUBSTRING(a FROM 1).
func (s *statement) inCall(i int) bool {
	switch s.lower(int(s.matched().call[i]) - 1) {
	case "extract", "trim", "substring", "substr", "mid", "position", "overlay":
		return true
	}
	return false
}
