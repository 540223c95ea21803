package isolate

import (
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/jsregexp"
	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// A match that backtracks can take for ever, and goja does not look for an interrupt within one. The
// matcher has a time limit of its own: it is set a little above what is left of the invocation's CPU
// time whenever a match may begin, so that the interrupt is there by the time the match gives up, and
// goja ends the code with it. Without an interrupt goja would take a match given up for no match.

// matchGrace is how much later than the interrupt a match gives up.
const matchGrace = 50 * time.Millisecond

// maxMatchers bounds how many matchers are kept.
const maxMatchers = 500

// matchers are the backtracking matchers that goja would make anew whenever a literal's line runs.
type matchers map[matcherKey]*regexp2.Regexp

type matcherKey struct {
	text    string
	options regexp2.RegexOptions
}

// limitBacktracking puts the limit on all ways to match.
func (i *isolate) limitBacktracking() error {
	i.matchers = matchers{}
	proto := i.rt.Get("RegExp").(*goja.Object).Get("prototype").(*goja.Object)
	methods := []goja.Value{proto.Get("exec"), proto.Get("test")}
	for _, symbol := range []*goja.Symbol{goja.SymMatch, goja.SymMatchAll, goja.SymReplace, goja.SymSearch, goja.SymSplit} {
		methods = append(methods, proto.GetSymbol(symbol))
	}
	for n, method := range methods {
		once := n < 2 // one match, from lastIndex on
		err := patch.Call(method, func(next patch.Function) patch.Function {
			return func(call goja.FunctionCall) goja.Value {
				if rx, ok := call.This.(*goja.Object); ok {
					if p, ok := patch.PatternOf(rx); ok {
						i.limitMatch(rx, p, call.Argument(0), once)
					}
				}
				return next(call)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// limitMatch prepares a pattern for matching v.
func (i *isolate) limitMatch(rx *goja.Object, p patch.Pattern, v goja.Value, once bool) {
	m := p.Backtracker()
	if text := p.Text(); m != nil && jsregexp.HasSurrogates(text) { // goja has made it of this text
		if m = i.matcher(p); m == nil {
			return
		}
		p.SetBacktracker(m)
	}
	// Go's matcher passes over an empty match that follows another at once; JavaScript has it.
	empty := !once && p.Global() && p.MatchesEmpty()
	if m == nil {
		// goja goes to the matcher where it cannot match in linear time: from the middle of a text, and
		// over and over in one that is not ASCII.
		if !p.Global() && !p.Sticky() {
			return
		}
		if once {
			if at, ok := rx.Get("lastIndex").Export().(int64); ok && at == 0 {
				return
			}
		} else if _, ascii := patch.ASCII(v); ascii && !empty {
			return
		}
		if m = i.matcher(p); m == nil {
			return // goja will say why
		}
		p.SetBacktracker(m)
	}
	if empty {
		p.Backtrack()
	}
	m.MatchTimeout = i.budget + matchGrace
	if inv := i.current; inv != nil {
		m.MatchTimeout = inv.budget - inv.cpu + matchGrace
	}
}

// matcher returns the backtracking matcher for a pattern, nil where it cannot be made.
func (i *isolate) matcher(p patch.Pattern) *regexp2.Regexp {
	key := matcherKey{p.Text(), p.Options()}
	m := i.matchers[key]
	if m == nil {
		var err error
		if m, err = regexp2.Compile(jsregexp.Tell(key.text, p.Unicode()), key.options); err != nil {
			return nil
		}
		if len(i.matchers) >= maxMatchers {
			clear(i.matchers)
		}
		i.matchers[key] = m
	}
	return m
}
