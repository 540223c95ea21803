package isolate

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
)

// maxCauses bounds a chain of causes, which code can make circular.
const maxCauses = 8

// exception describes a thrown value.
func (i *isolate) exception(v goja.Value) *Exception { return i.describe(v, maxCauses) }

func (i *isolate) describe(v goja.Value, causes int) *Exception {
	ex := &Exception{Outcome: outcomeException}
	o, ok := v.(*goja.Object)
	if !ok {
		ex.Message = nonError(v)
		return ex
	}
	// Getters and toString are the user's code and may throw again.
	thrown := i.rt.Try(func() {
		stack, isStack := property(o, "stack").(goja.String)
		message := property(o, "message")
		if !isStack && message == nil {
			ex.Message = i.inspect(o)
			return
		}
		if name := property(o, "name"); name != nil {
			ex.Name = name.String()
		}
		if message != nil {
			ex.Message = message.String()
		}
		if isStack {
			ex.Stack = parseStack(stack.String())
		}
		if cause := property(o, "cause"); cause != nil && causes > 0 {
			ex.Cause = i.describe(cause, causes-1)
		}
	})
	if thrown != nil {
		ex.Message = "the thrown object threw when it was read"
	}
	return ex
}

// property is o's property of that name, nil when it has none or undefined.
func property(o *goja.Object, name string) goja.Value {
	v := o.Get(name)
	if v == nil || goja.IsUndefined(v) {
		return nil
	}
	return v
}

func nonError(v goja.Value) string {
	if v == nil {
		return "undefined"
	}
	if _, ok := v.(*goja.Symbol); ok {
		return "Symbol()"
	}
	return v.String()
}

// exceptionAt is exception for what JavaScript threw to Go, which knows where even if the value does not.
func (i *isolate) exceptionAt(thrown *goja.Exception) *Exception {
	ex := i.exception(thrown.Value())
	if len(ex.Stack) == 0 {
		ex.Stack = frames(thrown.Stack())
	}
	return ex
}

// exceptionOf is exception for an error from the Web API packages.
func (i *isolate) exceptionOf(err error) *Exception {
	if thrown, ok := err.(*goja.Exception); ok {
		return i.exceptionAt(thrown)
	}
	return i.exception(host.Reason(i.rt, err))
}

// Receipt: the exception that wrangler tail shows for outcome exceededCpu.
func exceededCPU(err *goja.InterruptedError) *Exception {
	return &Exception{Outcome: worker.OutcomeExceededCPU, Name: "Error",
		Message: "Worker exceeded CPU time limit.", Stack: innermostFrames(err.Stack())}
}

// Receipt: the exception that wrangler tail shows for outcome exceededMemory.
func exceededMemory(err *goja.InterruptedError) *Exception {
	return &Exception{Outcome: worker.OutcomeExceededMemory, Name: "Error",
		Message: "Worker exceeded memory limit.", Stack: innermostFrames(err.Stack())}
}

func stackOverflow(err *goja.StackOverflowError) *Exception {
	return &Exception{Outcome: outcomeException, Name: "RangeError",
		Message: "Maximum call stack size exceeded", Stack: innermostFrames(err.Stack())}
}

// innermostFrames are as many as V8 shows: a limit may be passed thousands of calls deep.
func innermostFrames(stack []goja.StackFrame) []worker.Frame {
	const shown = 10
	all := frames(stack)
	return all[:min(len(all), shown)]
}

// ours begins the names of this package's scripts, whose frames no user wants to see.
const ours = "cfemu:"

func frames(stack []goja.StackFrame) []worker.Frame {
	var out []worker.Frame
	for n := range stack {
		f := &stack[n]
		pos := f.Position()
		file := userFile(pos.Filename)
		if pos.Line == 0 || file == "" {
			continue
		}
		out = append(out, worker.Frame{Function: functionName(f.FuncName()), File: file, Line: pos.Line, Column: pos.Column})
	}
	return out
}

// userFile is the name of a script as the user knows it, "" for those that are no user's. goja makes
// URLs of the names in source maps.
func userFile(name string) string {
	if strings.HasPrefix(name, ours) || strings.HasPrefix(name, "internal:") {
		return ""
	}
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

func functionName(s string) string {
	if s == "<anonymous>" {
		return ""
	}
	return s
}

// parseStack reads the text of an Error's stack as V8 writes it, "    at name (file:line:column)" and
// "    at file:line:column", and as goja does: "\tat name (file:line:column(pc))".
func parseStack(text string) []worker.Frame {
	var out []worker.Frame
	for line := range strings.Lines(text) {
		line, ok := strings.CutPrefix(strings.TrimLeft(strings.TrimRight(line, "\n"), " \t"), "at ")
		if !ok {
			continue
		}
		var f worker.Frame
		if at := strings.LastIndex(line, " ("); at >= 0 && strings.HasSuffix(line, ")") {
			f.Function, line = functionName(line[:at]), line[at+2:len(line)-1]
		}
		if at := strings.LastIndexByte(line, '('); at >= 0 {
			line = line[:at]
		}
		rest, column, ok := cutLast(line)
		if !ok {
			continue
		}
		file, row, ok := cutLast(rest)
		if file = userFile(file); !ok || file == "" {
			continue
		}
		f.File, f.Line, f.Column = file, row, column
		out = append(out, f)
	}
	return out
}

// cutLast splits "text:7" into its parts.
func cutLast(s string) (string, int, bool) {
	at := strings.LastIndexByte(s, ':')
	if at < 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(s[at+1:])
	return s[:at], n, err == nil
}

// stackText writes an exception as runtimes print an error: its head, a line per frame, its causes.
func stackText(b *strings.Builder, ex *Exception) {
	b.WriteString(headline(ex))
	for _, f := range ex.Stack {
		b.WriteString("\n    at ")
		if f.Function != "" {
			b.WriteString(f.Function + " (" + f.Position() + ")")
		} else {
			b.WriteString(f.Position())
		}
	}
	if ex.Cause != nil {
		b.WriteString("\n  [cause]: ")
		var cause strings.Builder
		stackText(&cause, ex.Cause)
		b.WriteString(strings.ReplaceAll(cause.String(), "\n", "\n  "))
	}
}

func headline(ex *Exception) string {
	switch {
	case ex.Name == "":
		return ex.Message
	case ex.Message == "":
		return ex.Name
	}
	return ex.Name + ": " + ex.Message
}

// uncaughtText is the console line for an error that nobody caught.
func uncaughtText(prefix string, ex *Exception) string {
	var b strings.Builder
	b.WriteString(prefix + " ")
	stackText(&b, ex)
	return b.String()
}
