package isolate

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/clock"
)

// A console is the state behind console.group, count and time.
type console struct {
	indent string
	counts map[string]int
	began  map[string]func() string
	frames []goja.StackFrame // reused
	custom *goja.Symbol      // what names an object's own method for being printed, nil until asked for
}

// consoleLine delivers one line; inv may be nil.
func (i *isolate) consoleLine(inv *invocation, level, message, source string) {
	if i.spec.Console == nil {
		return
	}
	line := worker.Line{Time: i.clock.Now(), Level: level, Message: message, Source: source}
	if inv != nil {
		line.Ray = inv.ray
	}
	i.spec.Console(line)
}

// print formats args as console.log does and delivers them with the position of the call.
func (i *isolate) print(level string, args []goja.Value) {
	if i.spec.Console == nil {
		return
	}
	i.consoleLine(i.current, level, i.console.indented(i.format(args)), i.callSite())
}

// indented is a message within the groups that are open.
func (c *console) indented(message string) string {
	if c.indent == "" {
		return message
	}
	return c.indent + strings.ReplaceAll(message, "\n", "\n"+c.indent)
}

// callSite is the position of the innermost line of the user's code that is running.
func (i *isolate) callSite() string {
	const deep = 12 // wrappers of console are common, deeper ones are not
	i.console.frames = i.rt.CaptureCallStack(deep, i.console.frames[:0])
	for n := range i.console.frames {
		pos := i.console.frames[n].Position()
		if file := userFile(pos.Filename); pos.Line > 0 && file != "" {
			return worker.Frame{File: file, Line: pos.Line, Column: pos.Column}.Position()
		}
	}
	return ""
}

// installConsole defines the console object. Its methods need no receiver, since code passes them about.
func (i *isolate) installConsole() {
	i.console.counts = map[string]int{}
	i.console.began = map[string]func() string{}
	o := i.rt.NewObject()
	define := func(name string, f func(call goja.FunctionCall)) {
		i.define(o, name, i.realm.Function(name, 0, func(call goja.FunctionCall) goja.Value {
			f(call)
			return goja.Undefined()
		}))
	}
	for _, level := range []string{"debug", "log", "info", "warn", "error"} {
		define(level, func(call goja.FunctionCall) { i.print(level, call.Arguments) })
	}
	define("dir", func(call goja.FunctionCall) { i.printDir(call) })
	define("dirxml", func(call goja.FunctionCall) { i.print("log", call.Arguments) })
	define("table", func(call goja.FunctionCall) { i.printTable(call) })
	define("trace", func(call goja.FunctionCall) { i.printTrace(call.Arguments) })
	define("assert", func(call goja.FunctionCall) { i.printAssert(call) })
	i.installConsoleGroups(define)
	i.installConsoleCounters(define)
	for _, name := range []string{"clear", "profile", "profileEnd", "timeStamp"} { // for tools that a terminal is not
		define(name, func(goja.FunctionCall) {})
	}
	if err := o.DefineDataPropertySymbol(goja.SymToStringTag, i.rt.ToValue("console"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err) // an object of ours
	}
	if err := i.rt.GlobalObject().DefineDataProperty("console", o, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
}

func (i *isolate) define(o *goja.Object, name string, v goja.Value) {
	if err := o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err) // an object of ours
	}
}

func (i *isolate) installConsoleGroups(define func(string, func(goja.FunctionCall))) {
	group := func(call goja.FunctionCall) {
		if len(call.Arguments) > 0 {
			i.print("log", call.Arguments)
		}
		i.console.indent += "  "
	}
	define("group", group)
	define("groupCollapsed", group)
	define("groupEnd", func(goja.FunctionCall) {
		i.console.indent = i.console.indent[:max(0, len(i.console.indent)-2)]
	})
}

func (i *isolate) installConsoleCounters(define func(string, func(goja.FunctionCall))) {
	label := func(call goja.FunctionCall) string {
		if v := call.Argument(0); !goja.IsUndefined(v) {
			return v.String()
		}
		return "default"
	}
	text := func(s string) []goja.Value { return []goja.Value{i.rt.ToValue("%s"), i.rt.ToValue(s)} }
	define("count", func(call goja.FunctionCall) {
		l := label(call)
		i.console.counts[l]++
		i.print("log", text(l+": "+strconv.Itoa(i.console.counts[l])))
	})
	define("countReset", func(call goja.FunctionCall) {
		l := label(call)
		if _, ok := i.console.counts[l]; !ok {
			i.print("warn", text("Count for '"+l+"' does not exist"))
		}
		delete(i.console.counts, l)
	})
	define("time", func(call goja.FunctionCall) {
		l := label(call)
		if i.console.began[l] != nil {
			i.print("warn", text("Timer '"+l+"' already exists"))
			return
		}
		took := clock.Stopwatch()
		i.console.began[l] = func() string {
			return strconv.FormatFloat(float64(took().Microseconds())/1000, 'f', 3, 64) + "ms"
		}
	})
	lap := func(end bool) func(goja.FunctionCall) {
		return func(call goja.FunctionCall) {
			l := label(call)
			took, ok := i.console.began[l]
			if !ok {
				i.print("warn", text("Timer '"+l+"' does not exist"))
				return
			}
			args := text(l + ": " + took())
			if !end && len(call.Arguments) > 1 {
				args = append(args, call.Arguments[1:]...)
			}
			i.print("log", args)
			if end {
				delete(i.console.began, l)
			}
		}
	}
	define("timeLog", lap(false))
	define("timeEnd", lap(true))
}

// printDir inspects its first argument, to the depth that the second may give.
func (i *isolate) printDir(call goja.FunctionCall) {
	if i.spec.Console == nil {
		return
	}
	p := i.newPrinter()
	if o, ok := call.Argument(1).(*goja.Object); ok {
		switch depth := property(o, "depth"); {
		case depth == nil:
		case goja.IsNull(depth), depth.ToFloat() > unlimited:
			p.options.Depth = unlimited
		default:
			p.options.Depth = int(max(depth.ToInteger(), 0))
		}
	}
	i.consoleLine(i.current, "log", i.console.indented(p.print(call.Argument(0))), i.callSite())
}

// unlimited is deeper than anything that is printed.
const unlimited = 1000

func (i *isolate) printTrace(args []goja.Value) {
	if i.spec.Console == nil {
		return
	}
	ex := &Exception{Name: "Trace", Message: i.format(args), Stack: frames(i.rt.CaptureCallStack(0, nil))}
	var b strings.Builder
	stackText(&b, ex)
	i.consoleLine(i.current, "log", i.console.indented(b.String()), i.callSite())
}

func (i *isolate) printAssert(call goja.FunctionCall) {
	if call.Argument(0).ToBoolean() {
		return
	}
	if len(call.Arguments) < 2 {
		i.print("error", []goja.Value{i.rt.ToValue("Assertion failed")})
		return
	}
	rest := call.Arguments[1:]
	if _, isString := rest[0].(goja.String); isString {
		rest = append([]goja.Value{i.rt.ToValue("Assertion failed: " + rest[0].String())}, rest[1:]...)
	} else {
		rest = append([]goja.Value{i.rt.ToValue("Assertion failed:")}, rest...)
	}
	i.print("error", rest)
}
