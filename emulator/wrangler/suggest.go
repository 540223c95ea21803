package wrangler

import "strings"

// nearest finds the name that word was probably meant to be; empty when none is near.
func nearest(word string, names []string) string {
	best, least := "", 1+max(1, len(word)/3)
	for _, name := range names {
		if name == word {
			continue
		}
		if d := distance(fold(word), fold(name)); d < least && d < len(name) {
			best, least = name, d
		}
	}
	if best != "" || len(word) < 3 {
		return best
	}
	// A part of the name, or the name in the other number, is no typing error but as clear.
	for _, name := range names {
		if name != word && (strings.HasPrefix(fold(name), fold(word)) || strings.HasSuffix(fold(name), fold(word))) {
			return name
		}
	}
	return ""
}

// fold takes away what people vary: case, hyphens and underscores.
func fold(s string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour to make
// b of a.
func distance(a, b string) int {
	before := make([]int, len(b)+1) // the row above the last
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
