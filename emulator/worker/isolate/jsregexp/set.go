package jsregexp

import (
	"slices"
	"sync"
	"unicode"
)

// A span is a range of code points, both ends included.
type span struct{ lo, hi rune }

// A set is a set of code points: spans in order that neither touch nor overlap.
type set []span

const maxRune = unicode.MaxRune

var (
	any_  = set{{0, maxRune}}
	ascii = set{{0, 0x7f}}
	digit = set{{'0', '9'}}
	word  = set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	space = set{{'\t', '\r'}, {' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029},
		{0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}}
	lineEnd = set{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}
)

// normal brings spans in any order into a set's. It may use their memory.
func normal(spans []span) set {
	slices.SortFunc(spans, func(a, b span) int { return int(a.lo - b.lo) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && s.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, s.hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

func fromTable(t *unicode.RangeTable) set {
	var spans []span
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			spans = append(spans, span{lo, hi})
			return
		}
		for r := lo; r <= hi; r += stride {
			spans = append(spans, span{r, r})
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return normal(spans)
}

func union(sets ...set) set {
	var all []span
	for _, s := range sets {
		all = append(all, s...)
	}
	return normal(all)
}

func (s set) complement() set {
	var out set
	next := rune(0)
	for _, r := range s {
		if r.lo > next {
			out = append(out, span{next, r.lo - 1})
		}
		next = r.hi + 1
	}
	if next <= maxRune {
		out = append(out, span{next, maxRune})
	}
	return out
}

func (s set) intersect(t set) set {
	var out set
	for len(s) > 0 && len(t) > 0 {
		if lo, hi := max(s[0].lo, t[0].lo), min(s[0].hi, t[0].hi); lo <= hi {
			out = append(out, span{lo, hi})
		}
		if s[0].hi < t[0].hi {
			s = s[1:]
		} else {
			t = t[1:]
		}
	}
	return out
}

func (s set) minus(t set) set { return s.intersect(t.complement()) }

func (s set) has(r rune) bool {
	_, found := slices.BinarySearchFunc(s, r, func(sp span, r rune) int {
		switch {
		case sp.hi < r:
			return -1
		case sp.lo > r:
			return 1
		}
		return 0
	})
	return found
}

// cased lists the code points that fold to others.
var cased = sync.OnceValue(func() []rune {
	var all []rune
	for _, t := range []*unicode.RangeTable{unicode.L, unicode.M, unicode.N, unicode.S} {
		for _, sp := range fromTable(t) {
			for r := sp.lo; r <= sp.hi && r < 0x20000; r++ {
				if unicode.SimpleFold(r) != r {
					all = append(all, r)
				}
			}
		}
	}
	return all
})

// folded adds the code points that equal one of s when case is ignored. With the u or v flag that goes
// by Unicode's simple folding, else by upper case.
func (s set) folded(byUnicode bool) set {
	spans := slices.Clone(s)
	add := func(r rune) {
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			if byUnicode || upper(o) == upper(r) {
				spans = append(spans, span{o, o})
			}
		}
	}
	if len(s) == 1 && s[0].hi-s[0].lo < 64 {
		for r := s[0].lo; r <= s[0].hi; r++ {
			add(r)
		}
		return normal(spans)
	}
	for _, r := range cased() {
		if s.has(r) {
			add(r)
		}
	}
	return normal(spans)
}

// upper is ECMAScript's Canonicalize without the u flag.
func upper(r rune) rune {
	up := unicode.ToUpper(r)
	if r >= 0x80 && up < 0x80 {
		return r
	}
	return up
}
