package webintl

import (
	"sort"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A segmenter is the state of an Intl.Segmenter.
type segmenter struct{ locale, granularity string }

// segments are a text's pieces, in UTF-16 code units.
type segments struct {
	input goja.String
	word  bool
	list  []cldr.Segment
}

// A walk is the state of an iterator over segments.
type walk struct {
	*segments
	next int
}

func (a *api) defineSegmenter(intl *goja.Object) {
	s := define(a, intl, "Segmenter", 0, false, func(call goja.ConstructorCall) *segmenter {
		r := resolve(a.localeList(call.Argument(0)), nil)
		in := a.strict(call.Argument(1), "Intl.Segmenter")
		in.text("localeMatcher", matchers, "")
		return &segmenter{r.name(), in.text("granularity", []string{"grapheme", "word", "sentence"}, "grapheme")}
	}).supporting(english)
	a.segmenter = s
	s.resolved(func(g *segmenter, set func(string, any)) {
		set("locale", g.locale)
		set("granularity", g.granularity)
	})
	a.defineSegments()
	s.method("segment", 1, func(g *segmenter, call goja.FunctionCall) goja.Value {
		v := call.Argument(0)
		if _, symbol := v.(*goja.Symbol); symbol {
			a.typeError("Cannot convert a Symbol value to a string")
		}
		o := a.rt.CreateObject(a.segmentsPrototype)
		a.realm.Attach(o, newSegments(v.ToString().(goja.String), g.granularity))
		return o
	})
}

// newSegments splits a text. A lone surrogate becomes U+FFFD on the way to Go, which is as long as it
// was.
func newSegments(input goja.String, granularity string) *segments {
	text := input.String()
	list := cldr.Segments(text, granularity)
	at, unit := 0, 0
	units := func(end int) int {
		for _, c := range text[at:end] {
			unit++
			if c > 0xffff {
				unit++
			}
		}
		at = end
		return unit
	}
	for i := range list {
		start := unit
		list[i].End = units(list[i].End)
		list[i].Start = start
	}
	return &segments{input, granularity == "word", list}
}

func (a *api) defineSegments() {
	a.segmentsPrototype = a.rt.NewObject()
	a.method(a.segmentsPrototype, "containing", 1, func(call goja.FunctionCall) goja.Value {
		s := a.segmentsOf(call.This, "containing")
		n := call.Argument(0).ToInteger()
		i := sort.Search(len(s.list), func(i int) bool { return int64(s.list[i].End) > n })
		if n < 0 || i == len(s.list) {
			return goja.Undefined()
		}
		return a.segment(s, i)
	})
	iterator := a.realm.Function("[Symbol.iterator]", 0, func(call goja.FunctionCall) goja.Value {
		o := a.rt.CreateObject(a.segmentPrototype)
		a.realm.Attach(o, &walk{segments: a.segmentsOf(call.This, "[Symbol.iterator]")})
		return o
	})
	must(a.segmentsPrototype.DefineDataPropertySymbol(goja.SymIterator, iterator, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))

	// %IteratorPrototype% stands above the iterators of arrays.
	arrays := a.rt.NewArray().GetSymbol(goja.SymIterator)
	values, _ := goja.AssertFunction(arrays)
	v, err := values(a.rt.NewArray())
	must(err)
	a.segmentPrototype = a.rt.CreateObject(v.(*goja.Object).Prototype().Prototype())
	a.tag(a.segmentPrototype, "Segmenter String Iterator")
	a.method(a.segmentPrototype, "next", 0, func(call goja.FunctionCall) goja.Value {
		w, ok := idl.As[*walk](a.realm, call.This)
		if !ok {
			a.typeError("Method %%SegmentIterator.prototype%%.next called on incompatible receiver %s", call.This)
		}
		result := a.rt.NewObject()
		var value goja.Value = goja.Undefined()
		done := w.next >= len(w.list)
		if !done {
			value = a.segment(w.segments, w.next)
			w.next++
		}
		must(result.Set("value", value))
		must(result.Set("done", done))
		return result
	})
}

func (a *api) segmentsOf(v goja.Value, method string) *segments {
	s, ok := idl.As[*segments](a.realm, v)
	if !ok {
		a.typeError("Method %%Segments.prototype%%.%s called on incompatible receiver %s", method, v)
	}
	return s
}

func (a *api) segment(s *segments, i int) goja.Value {
	o := a.rt.NewObject()
	piece := s.list[i]
	must(o.Set("segment", s.input.Substring(piece.Start, piece.End)))
	must(o.Set("index", piece.Start))
	must(o.Set("input", s.input))
	if s.word {
		must(o.Set("isWordLike", piece.Word))
	}
	return o
}
