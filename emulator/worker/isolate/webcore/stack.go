package webcore

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// Libraries read err.stack, and some know V8's layout only. So errors get the stack that V8 would
// write, when it is first read, with Error.stackTraceLimit and Error.prepareStackTrace.
// Receipt: https://v8.dev/docs/stack-trace-api

// errorClasses are the language's errors. The engine makes its own by the same constructors.
var errorClasses = [...]string{"Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"}

const defaultStackLimit = 10

// stacks is what the errors of one runtime share.
type stacks struct {
	*Core
	class    *goja.Object // Error
	get, set *goja.Object
	site     *goja.Object // prototype of the call sites that prepareStackTrace gets, nil until one is made
}

func (c *Core) installStacks() {
	s := &stacks{Core: c, class: c.rt.Get("Error").(*goja.Object)}
	s.get = c.realm.Function("stack", 0, func(call goja.FunctionCall) goja.Value { return s.read(call.This) })
	s.set = c.realm.Function("stack", 1, func(call goja.FunctionCall) goja.Value {
		if o, ok := call.This.(*goja.Object); ok {
			s.store(o, call.Argument(0))
		}
		return goja.Undefined()
	})
	for _, name := range errorClasses {
		class := c.rt.Get(name)
		must(patch.Construct(class, func(next patch.Constructor) patch.Constructor {
			return func(args []goja.Value, newTarget *goja.Object) *goja.Object { return s.arm(next(args, newTarget)) }
		}))
		must(patch.Call(class, func(next patch.Function) patch.Function {
			return func(call goja.FunctionCall) goja.Value {
				v := next(call)
				if o, ok := v.(*goja.Object); ok {
					s.arm(o)
				}
				return v
			}
		}))
	}
	must(s.class.DefineDataProperty("captureStackTrace", c.realm.Function("captureStackTrace", 2, s.capture), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	must(s.class.DefineDataProperty("stackTraceLimit", c.rt.ToValue(defaultStackLimit), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}

// arm gives a new error its stack, as yet unwritten.
func (s *stacks) arm(o *goja.Object) *goja.Object {
	frames, ok := patch.Frames(o)
	if ok && patch.SetFrames(o, s.limited(frames)) {
		must(o.DefineAccessorProperty("stack", s.get, s.set, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	return o
}

// limited keeps as many frames as Error.stackTraceLimit wants.
func (s *stacks) limited(frames []goja.StackFrame) []goja.StackFrame {
	limit := numberOf(s.class.Get("stackTraceLimit"))
	if limit == defaultStackLimit && len(frames) <= defaultStackLimit {
		return frames
	}
	var kept []goja.StackFrame
	for n := range frames {
		if !(float64(len(kept)) < limit) { // also when it is no number
			break
		}
		if f := frames[n]; !hidden(f.SrcName()) {
			kept = append(kept, f)
		}
	}
	return kept
}

// hidden reports whether frames of that script are no user's.
func hidden(script string) bool {
	return strings.HasPrefix(script, "cfemu:") || strings.HasPrefix(script, "internal:") || script == "<native>" || script == ""
}

// store makes the stack of o an ordinary property, unless o is frozen.
func (s *stacks) store(o *goja.Object, v goja.Value) {
	_ = o.DefineDataProperty("stack", v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// read writes the stack of the error that v is or inherits from.
func (s *stacks) read(v goja.Value) goja.Value {
	o, _ := v.(*goja.Object)
	for ; o != nil; o = o.Prototype() {
		frames, ok := patch.Frames(o)
		if !ok {
			continue
		}
		s.store(o, goja.Undefined()) // for a prepareStackTrace that reads it
		text := s.write(o, frames)
		s.store(o, text)
		return text
	}
	return goja.Undefined()
}

// A place is a frame as it is told.
type place struct {
	function, file string
	line, column   int
}

func placesOf(frames []goja.StackFrame) []place {
	var out []place
	for n := range frames {
		f := &frames[n]
		pos := f.Position()
		if pos.Line == 0 || hidden(pos.Filename) {
			continue
		}
		p := place{function: f.FuncName(), file: pos.Filename, line: pos.Line, column: pos.Column}
		if plain, err := url.PathUnescape(p.file); err == nil { // goja makes URLs of the names in source maps
			p.file = plain
		}
		if p.function == "<anonymous>" {
			p.function = ""
		}
		out = append(out, p)
	}
	return out
}

func (p place) String() string {
	at := p.file + ":" + strconv.Itoa(p.line) + ":" + strconv.Itoa(p.column)
	if p.function == "" {
		return at
	}
	return p.function + " (" + at + ")"
}

// write is the stack of o: what prepareStackTrace makes of it, else V8's text.
func (s *stacks) write(o *goja.Object, frames []goja.StackFrame) goja.Value {
	places := placesOf(frames)
	if prepare, ok := goja.AssertFunction(s.class.Get("prepareStackTrace")); ok {
		sites := make([]any, len(places))
		for n, p := range places {
			sites[n] = s.callSite(p)
		}
		v, err := prepare(s.class, o, s.rt.NewArray(sites...))
		must(err)
		return v
	}
	var b strings.Builder
	b.WriteString(s.head(o))
	for _, p := range places {
		b.WriteString("\n    at " + p.String())
	}
	return s.rt.ToValue(b.String())
}

// head is the first line: what Error.prototype.toString says, if it can.
func (s *stacks) head(o *goja.Object) string {
	text := "Error"
	toString, ok := goja.AssertFunction(s.class.Get("prototype").(*goja.Object).Get("toString"))
	if !ok {
		return text
	}
	if v, err := toString(o); err == nil {
		text = v.String()
	}
	return text
}

// capture is Error.captureStackTrace(target, from).
func (s *stacks) capture(call goja.FunctionCall) goja.Value {
	target, ok := call.Argument(0).(*goja.Object)
	if !ok {
		s.typeError("Invalid argument")
	}
	frames := s.rt.CaptureCallStack(0, nil)[1:]
	if from, ok := call.Argument(1).(*goja.Object); ok {
		frames = s.below(frames, from, target)
	}
	s.store(target, s.write(target, s.limited(frames)))
	return goja.Undefined()
}

// below leaves out the frames down to the last call of from.
func (s *stacks) below(frames []goja.StackFrame, from, target *goja.Object) []goja.StackFrame {
	name := from.Get("name").String()
	for n := range frames {
		if name != "" && frames[n].FuncName() == name {
			return frames[n+1:]
		}
	}
	// goja's frames of class constructors are nameless, so one on top counts as from's own. Arrows and
	// methods construct nothing.
	if _, constructs := from.Get("prototype").(*goja.Object); !constructs {
		return frames
	}
	if len(frames) > 0 && frames[0].FuncName() == "<anonymous>" && s.rt.InstanceOf(target, from) {
		return frames[1:]
	}
	return frames
}

// callSite makes one of V8's CallSite objects.
func (s *stacks) callSite(p place) goja.Value {
	if s.site == nil {
		s.site = s.rt.NewObject()
		for name, of := range map[string]func(place) any{
			"getFileName": func(p place) any { return p.file }, "getScriptNameOrSourceURL": func(p place) any { return p.file },
			"getLineNumber": func(p place) any { return p.line }, "getColumnNumber": func(p place) any { return p.column },
			"getFunctionName": func(p place) any {
				if p.function == "" {
					return nil
				}
				return p.function
			},
			"getMethodName": func(place) any { return nil }, "getTypeName": func(place) any { return nil },
			"getThis": func(place) any { return goja.Undefined() }, "getFunction": func(place) any { return goja.Undefined() },
			"getEvalOrigin": func(place) any { return goja.Undefined() }, "getPromiseIndex": func(place) any { return nil },
			"isNative": func(place) any { return false }, "isEval": func(place) any { return false },
			"isToplevel": func(p place) any { return p.function == "" }, "isConstructor": func(place) any { return false },
			"isAsync": func(place) any { return false }, "isPromiseAll": func(place) any { return false },
			"toString": func(p place) any { return p.String() },
		} {
			f := s.realm.Function(name, 0, func(call goja.FunctionCall) goja.Value {
				o, _ := call.This.(*goja.Object)
				if o != nil {
					if held, ok := o.GetSymbol(siteKey).(*heldPlace); ok {
						return s.rt.ToValue(of(held.place))
					}
				}
				s.realm.IllegalInvocation()
				return nil
			})
			must(s.site.DefineDataProperty(name, f, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
		}
	}
	o := s.rt.CreateObject(s.site)
	must(o.DefineDataPropertySymbol(siteKey, &heldPlace{goja.Undefined(), p}, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	return o
}

// siteKey is where a call site keeps its place.
var siteKey = goja.NewSymbol("callSite")

// A heldPlace is undefined to JavaScript.
type heldPlace struct {
	goja.Value
	place place
}
