package webcore

import (
	"context"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/internal/clock"
)

func TestEvents(t *testing.T) {
	run(t, map[string]script{
		"a new event is plain": {`const e = new Event("x"); return [e.type, e.bubbles, e.cancelable, e.composed, e.defaultPrevented, e.eventPhase, e.target, e.currentTarget, e.isTrusted, e.composedPath(), e.returnValue, String(e)]`,
			`["x",false,false,false,false,0,null,null,false,[],true,"[object Event]"]`},
		"dispatch sets the target and resets": {`const t = new EventTarget(), e = new Event("x", {cancelable: true}), r = [];
			t.addEventListener("x", e => { r.push(e.eventPhase, e.target === t, e.currentTarget === t, e.composedPath()[0] === t); e.preventDefault() });
			r.push(t.dispatchEvent(e), e.defaultPrevented, e.eventPhase, e.currentTarget, e.target === t); return r`,
			"[2,true,true,true,false,true,0,null,true]"},
		"preventDefault needs cancelable":  {`const t = new EventTarget(); t.addEventListener("x", e => e.preventDefault()); return t.dispatchEvent(new Event("x"))`, "true"},
		"returning true prevents too":      {`const t = new EventTarget(); t.addEventListener("x", () => true); return t.dispatchEvent(new Event("x", {cancelable: true}))`, "false"},
		"the same listener is there once":  {`const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener("x", f); t.addEventListener("x", f); t.dispatchEvent(new Event("x")); return n`, "1"},
		"once means once":                  {`const t = new EventTarget(); let n = 0; t.addEventListener("x", () => n++, {once: true}); t.dispatchEvent(new Event("x")); t.dispatchEvent(new Event("x")); return n`, "1"},
		"handleEvent's receiver is itself": {`const t = new EventTarget(); let r; const o = {handleEvent(e) { r = this === o && e.type }}; t.addEventListener("x", o); t.dispatchEvent(new Event("x")); return r`, "x"},
		"a listener's receiver is the target": {`const t = new EventTarget(); let r; t.addEventListener("x", function () { r = this === t }); t.dispatchEvent(new Event("x")); return r`,
			"true"},
		"removed ones do not run, late ones wait": {`const t = new EventTarget(), r = []; const b = () => r.push("b");
			t.addEventListener("x", () => { r.push("a"); t.removeEventListener("x", b); t.addEventListener("x", () => r.push("late")) }); t.addEventListener("x", b);
			t.dispatchEvent(new Event("x")); return r`, `["a"]`},
		"stopImmediatePropagation stops":   {`const t = new EventTarget(), r = []; t.addEventListener("x", e => { r.push(1); e.stopImmediatePropagation() }); t.addEventListener("x", () => r.push(2)); t.dispatchEvent(new Event("x")); return r`, "[1]"},
		"exceptions end the dispatch":      {`const t = new EventTarget(); let n = 0; t.addEventListener("x", () => { throw new Error("boom") }); t.addEventListener("x", () => n++); try { t.dispatchEvent(new Event("x")) } catch (e) { return [e.message, n] }`, `["boom",0]`},
		"an event is in one dispatch only": {`const t = new EventTarget(), e = new Event("x"); t.addEventListener("x", () => t.dispatchEvent(e)); t.dispatchEvent(e)`, "InvalidStateError: The event is already being dispatched."},
		"capturing is refused":             {`new EventTarget().addEventListener("x", () => {}, true)`, "TypeError: addEventListener(): useCapture must be false."},
		"null is no listener":              {`const t = new EventTarget(); t.addEventListener("x", null); return t.dispatchEvent(new Event("x"))`, "true"},
		"a signal removes":                 {`const t = new EventTarget(), c = new AbortController(); let n = 0; t.addEventListener("x", () => n++, {signal: c.signal}); t.dispatchEvent(new Event("x")); c.abort(); t.dispatchEvent(new Event("x")); return n`, "1"},
		"subclasses dispatch":              {`class M extends EventTarget { hi() { this.dispatchEvent(new CustomEvent("hi", {detail: {a: 1}})) } } const m = new M(); let d; m.addEventListener("hi", e => d = e.detail); m.hi(); return d`, `{"a":1}`},
		"CustomEvent's detail is null":     {`const e = new CustomEvent("x"); return [e.detail, e instanceof Event, String(e)]`, `[null,true,"[object CustomEvent]"]`},
		"only events are dispatched":       {`new EventTarget().dispatchEvent({})`, "TypeError: Failed to execute 'dispatchEvent' on 'EventTarget': parameter 1 is not of type 'Event'."},
		"a type is needed":                 {`new Event()`, "TypeError: Failed to construct 'Event': constructor parameter 1 is not of type 'string'."},
	})
}

func TestAbort(t *testing.T) {
	run(t, map[string]script{
		"abort tells once": {`const c = new AbortController(), s = c.signal, r = [s.aborted, s.reason]; s.onabort = e => r.push(e.type, e.target === s, e.isTrusted); s.addEventListener("abort", () => r.push("l"));
			c.abort(); c.abort("again"); return [...r, s.aborted, s.reason.name, s.reason.code, s.reason.message, s.reason instanceof DOMException]`,
			`[false,null,"abort",true,true,"l",true,"AbortError",20,"The operation was aborted",true]`},
		"reasons are kept":              {`const c = new AbortController(); c.abort("why"); try { c.signal.throwIfAborted() } catch (e) { return [e, AbortSignal.abort(5).reason] }`, `["why",5]`},
		"throwIfAborted throws":         {`AbortSignal.abort().throwIfAborted()`, "AbortError: The operation was aborted"},
		"any follows the first":         {`const a = new AbortController(), b = new AbortController(), s = AbortSignal.any([a.signal, b.signal]); b.abort(2); a.abort(1); return [s.aborted, s.reason]`, "[true,2]"},
		"any follows through any":       {`const a = new AbortController(); const s = AbortSignal.any([AbortSignal.any([a.signal])]); a.abort(3); return s.reason`, "3"},
		"any of an aborted one":         {`return AbortSignal.any([new AbortController().signal, AbortSignal.abort(7)]).reason`, "7"},
		"all change before any event":   {`const a = new AbortController(), s = AbortSignal.any([a.signal]); let seen; a.signal.onabort = () => seen = s.aborted; a.abort(); return seen`, "true"},
		"any takes signals only":        {`AbortSignal.any([{}])`, "TypeError: Failed to execute 'any' on 'AbortSignal': Failed to convert value to 'AbortSignal'."},
		"signals are not constructed":   {`new AbortSignal()`, "TypeError: Illegal constructor"},
		"timeouts cannot be negative":   {`AbortSignal.timeout(-1)`, "TypeError: Failed to execute 'timeout' on 'AbortSignal': Value is outside the 'unsigned long long' value range."},
		"onabort takes only objects":    {`const s = new AbortController().signal; s.onabort = 5; return s.onabort`, "null"},
		"signals are event targets":     {`return [new AbortController().signal instanceof EventTarget, String(new AbortController())]`, `[true,"[object AbortController]"]`},
		"controllers have one signal":   {`const c = new AbortController(); return c.signal === c.signal`, "true"},
		"foreign receivers are refused": {`AbortController.prototype.abort.call({})`, "TypeError: " + idl.IllegalInvocation},
	})
}

func TestTimeoutFollowsTheClock(t *testing.T) {
	h := hosttest.New(t)
	clk := clock.NewMovable()
	clk.Freeze()
	h.Clk = clk
	Install(h)
	if err := h.RT.Set("hour", func() { clk.Advance(time.Hour) }); err != nil {
		t.Fatal(err)
	}
	got := result(t, h, `const s = AbortSignal.timeout(3600000); const r = [s.aborted]; hour(); await new Promise(f => s.onabort = f); return [...r, s.aborted, s.reason.name, s.reason.code]`)
	if want := `[false,true,"TimeoutError",23]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// holdWatcher tells when a Hold is released.
type holdWatcher struct {
	*hosttest.Host
	released chan struct{}
}

func (h *holdWatcher) Hold() func(f func()) {
	done := h.Host.Hold()
	return func(f func()) {
		done(f)
		close(h.released)
	}
}

// An invocation that ends takes its timeouts with it; else it would be kept waiting for them.
func TestTimeoutEndsWithItsInvocation(t *testing.T) {
	h := &holdWatcher{hosttest.New(t), make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	h.Ctx = ctx
	core := Install(h)
	var signal *Signal
	if err := h.RT.Set("keep", func(v goja.Value) { signal, _ = core.SignalOf(v) }); err != nil {
		t.Fatal(err)
	}
	h.Run(t, `keep(AbortSignal.timeout(2 ** 40))`)
	cancel()
	<-h.released
	if signal == nil || signal.Aborted() {
		t.Errorf("the signal is %+v", signal)
	}
}

func TestSignalsInGo(t *testing.T) {
	h := hosttest.New(t)
	core := Install(h)
	s := core.NewSignal()
	var told []string
	remove := s.OnAbort(func() { told = append(told, "removed") })
	s.OnAbort(func() { told = append(told, "kept") })
	remove()
	if err := h.RT.Set("s", s.Object()); err != nil {
		t.Fatal(err)
	}
	h.Run(t, `s.addEventListener("abort", () => globalThis.heard = s.reason)`)
	s.Abort(h.RT.ToValue("go"))
	if len(told) != 1 || told[0] != "kept" {
		t.Errorf("told %v", told)
	}
	if got := h.RT.Get("heard").String(); got != "go" {
		t.Errorf("JavaScript heard %s", got)
	}
	if Of(h) != core {
		t.Error("Of finds another Core")
	}
}

func TestDOMException(t *testing.T) {
	run(t, map[string]script{
		"has name, message and code":   {`const e = new DOMException("m", "DataCloneError"); return [e.name, e.message, e.code, e instanceof Error, Object.prototype.toString.call(e), String(e), Object.keys(e)]`, `["DataCloneError","m",25,true,"[object DOMException]","DataCloneError: m",[]]`},
		"has defaults":                 {`const e = new DOMException(); return [e.name, e.message, e.code]`, `["Error","",0]`},
		"unknown names have no code":   {`return new DOMException("", "OperationError").code`, "0"},
		"constants are on both":        {`return [DOMException.ABORT_ERR, DOMException.prototype.TIMEOUT_ERR, DOMException.DATA_CLONE_ERR]`, "[20,23,25]"},
		"takes a cause":                {`const e = new DOMException("m", {name: "N", cause: 5}); return [e.name, e.cause]`, `["N",5]`},
		"its stack tells where":        {`function here() { return new DOMException("m", "AbortError").stack } const s = here().split("\n"); return [s[0], s[1].includes("at here (test.js:")]`, `["AbortError: m",true]`},
		"subclasses":                   {`class E extends DOMException {} const e = new E("m", "N"); return [e instanceof E, e.name, e.message]`, `[true,"N","m"]`},
		"the prototype is no instance": {`DOMException.prototype.name`, "TypeError: " + idl.IllegalInvocation},
	})
}

func TestGlobals(t *testing.T) {
	run(t, map[string]script{
		"performance counts from the epoch": {`return [performance.timeOrigin, performance.now() - Date.now() < 1000, Number.isInteger(performance.now()), String(performance)]`, `[0,true,true,"[object Performance]"]`},
		"the user agent is Workers'":        {`return [navigator.userAgent, String(navigator)]`, `["Cloudflare-Workers","[object Navigator]"]`},
	})
}
