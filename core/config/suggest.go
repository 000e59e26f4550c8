package config

import "strings"

func find(fields []field, name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func names(fields []field) string {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = f.name
	}
	return strings.Join(list, ", ")
}

// nearest gives the key that a mistyped one was meant to be, or "".
func nearest(typed string, fields []field) string {
	best, least := "", 1+len(typed)/3 // a third of the letters may be wrong
	for _, f := range fields {
		if d := distance(strings.ToLower(typed), f.name); d <= least && (best == "" || d < least) {
			best, least = f.name, d
		}
	}
	return best
}

// distance counts the letters to insert, drop or change to make b of a (Levenshtein), one
// row of the table at a time.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
