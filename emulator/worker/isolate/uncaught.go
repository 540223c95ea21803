package isolate

import (
	"weak"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

// rejections are the promises that were rejected with nobody listening.
type rejections struct {
	news   []*goja.Promise              // of this turn; most get a listener before it ends
	late   []*goja.Promise              // told of before, and heard since
	told   []weak.Pointer[goja.Promise] // kept only while somebody listens for rejectionhandled
	pruned int                          // how many told were left when those that are gone were last taken out
}

// trackRejection is goja's PromiseRejectionTracker.
func (i *isolate) trackRejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	r := &i.rejections
	if op == goja.PromiseRejectionReject {
		r.news = append(r.news, p)
		return
	}
	for n, known := range r.news {
		if known == p {
			r.news = append(r.news[:n], r.news[n+1:]...)
			return
		}
	}
	for n, known := range r.told {
		if known.Value() == p {
			r.told = append(r.told[:n], r.told[n+1:]...)
			r.late = append(r.late, p)
			return
		}
	}
}

// pending reports whether there is something to tell of.
func (r *rejections) pending() bool { return len(r.news) > 0 || len(r.late) > 0 }

// remember keeps p in mind without keeping it alive.
func (r *rejections) remember(p *goja.Promise) {
	if len(r.told) > 2*r.pruned+64 {
		kept := r.told[:0]
		for _, w := range r.told {
			if w.Value() != nil {
				kept = append(kept, w)
			}
		}
		r.told, r.pruned = kept, len(kept)
	}
	r.told = append(r.told, weak.Make(p))
}

// tellRejections tells listeners, and else the console, of the rejections that are still unheard when
// the microtasks have run. It runs below a JavaScript frame when there are listeners.
func (i *isolate) tellRejections() {
	r := &i.rejections
	news, late := r.news, r.late
	r.news, r.late = nil, nil
	remember := i.core.Hears("rejectionhandled")
	for _, p := range late {
		i.tell(func() bool { return i.core.TellRejection("rejectionhandled", i.rt.ToValue(p), p.Result()) })
	}
	for _, p := range news {
		if remember {
			r.remember(p)
		}
		tell := func() bool { return i.core.TellRejection("unhandledrejection", i.rt.ToValue(p), p.Result()) }
		if i.core.Hears("unhandledrejection") && i.tell(tell) {
			continue
		}
		i.logUncaught("Uncaught (in promise)", i.exception(p.Result()))
	}
}

// tell dispatches an event and reports whether its default was prevented. What a listener throws goes
// to the console only.
func (i *isolate) tell(dispatch func() (prevented bool)) (prevented bool) {
	if thrown := i.rt.Try(func() { prevented = dispatch() }); thrown != nil {
		i.logUncaught("Uncaught", i.exceptionAt(thrown))
	}
	return prevented
}

// hearsRejections reports whether code listens for rejections, so that a turn has to call it.
func (i *isolate) hearsRejections() bool {
	return i.core.Hears("unhandledrejection") || i.core.Hears("rejectionhandled")
}

// reportUncaught tells the console of an error in a callback that nobody waits for, unless a listener
// for error events prevents it. It runs below a JavaScript frame when there is a listener.
func (i *isolate) reportUncaught(prefix string, v goja.Value) {
	ex := i.exception(v)
	if i.core.Hears("error") && !i.reporting {
		i.reporting = true // one that a listener reports goes to the console only
		defer func() { i.reporting = false }()
		at := webcore.ErrorPlace{}
		if len(ex.Stack) > 0 {
			at = webcore.ErrorPlace{File: ex.Stack[0].File, Line: ex.Stack[0].Line, Column: ex.Stack[0].Column}
		}
		if i.tell(func() bool { return i.core.TellError(prefix+" "+headline(ex), at, v) }) {
			return
		}
	}
	i.logUncaught(prefix, ex)
}

// logUncaught writes an error that nobody has caught to the console.
func (i *isolate) logUncaught(prefix string, ex *Exception) {
	source := ""
	if len(ex.Stack) > 0 {
		source = ex.Stack[0].Position()
	}
	i.consoleLine(i.base, "error", uncaughtText(prefix, ex), source)
}
