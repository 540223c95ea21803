package isolate

import (
	"unsafe"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// An appender is the operator + for bundles (see concat.go). It remembers the buffers behind the long
// strings that it made last. Appending to one of those strings goes on in its buffer: the shorter
// string shares the memory and does not see what comes after its own end.
type appender struct {
	plain goja.Callable // the operator itself
	ascii [buffers][]byte
	wide  [buffers][]uint16
	next  int
	used  bool
}

const (
	// buffers is how many strings can grow by turns.
	buffers = 4
	// longText is from where on copying costs more than finding the buffer.
	longText = 2048
	// maxString is the longest string that is made: a Worker has 128 MB in all.
	// Receipt: https://developers.cloudflare.com/workers/platform/limits/#memory
	maxString = 128 << 20
)

func (i *isolate) newAppender() (*appender, error) {
	v, err := i.rt.RunScript("cfemu:add", "(function (a, b) { return a + b })")
	if err != nil {
		return nil, err
	}
	a := &appender{}
	a.plain, _ = goja.AssertFunction(v)
	return a, nil
}

// add returns a + b.
func (i *isolate) add(call goja.FunctionCall) goja.Value {
	left, right := call.Arguments[0], call.Arguments[1]
	l, ok := left.(goja.String)
	if !ok {
		return i.must(i.appender.plain(goja.Undefined(), left, right))
	}
	r, ok := right.(goja.String)
	if !ok {
		switch right.(type) {
		case *goja.Object, *goja.Symbol:
			return i.must(i.appender.plain(goja.Undefined(), left, right))
		}
		r = i.rt.ToValue(right.String()).(goja.String)
	}
	length := l.Length()
	if length < longText || r.Length() > length {
		return l.Concat(r)
	}
	if length+r.Length() > maxString {
		panic(i.newError("RangeError", "Invalid string length"))
	}
	return i.appender.join(l, r)
}

func (a *appender) join(l, r goja.String) goja.Value {
	a.used = true
	empty := patch.FromASCII("")
	if text, ok := patch.ASCII(l); ok {
		more, ok := patch.ASCII(r)
		if !ok {
			more, ok = patch.ASCII(empty.Concat(r))
		}
		if ok {
			return a.joinASCII(text, more)
		}
		return a.keepWide(l.Concat(r))
	}
	units, ok := patch.Wide(l)
	if !ok {
		return a.join(empty.Concat(l), r) // goja now knows which of the two it is
	}
	return a.joinWide(units, r)
}

func (a *appender) joinASCII(text, more string) goja.Value {
	for n, b := range a.ascii {
		if len(b) == len(text) && unsafe.StringData(text) == unsafe.SliceData(b) {
			b = append(b, more...)
			a.ascii[n] = b
			return patch.FromASCII(unsafe.String(unsafe.SliceData(b), len(b)))
		}
	}
	b := make([]byte, 0, len(text)+len(text)/2+len(more))
	b = append(append(b, text...), more...)
	a.next = (a.next + 1) % buffers
	a.ascii[a.next] = b
	return patch.FromASCII(unsafe.String(unsafe.SliceData(b), len(b)))
}

func (a *appender) joinWide(units []uint16, r goja.String) goja.Value {
	for n, b := range a.wide {
		if len(b) == len(units) && unsafe.SliceData(units) == unsafe.SliceData(b) {
			b = appendText(b, r)
			a.wide[n] = b
			return patch.FromWide(b[:len(b):len(b)])
		}
	}
	b := make([]uint16, 0, len(units)+len(units)/2+r.Length())
	b = appendText(append(b, units...), r)
	a.next = (a.next + 1) % buffers
	a.wide[a.next] = b
	return patch.FromWide(b[:len(b):len(b)])
}

// keepWide remembers the memory of a string that goja has just made of ASCII and more.
func (a *appender) keepWide(s goja.String) goja.Value {
	units, ok := patch.Wide(s)
	if !ok {
		return s
	}
	a.next = (a.next + 1) % buffers
	a.wide[a.next] = units[:len(units):len(units)]
	return s
}

func appendText(b []uint16, s goja.String) []uint16 {
	if text, ok := patch.ASCII(s); ok {
		for k := range len(text) {
			b = append(b, uint16(text[k]))
		}
		return b
	}
	if units, ok := patch.Wide(s); ok {
		return append(b, units[1:]...)
	}
	for k := range s.Length() {
		b = append(b, s.CharAt(k))
	}
	return b
}

// forget lets go of the buffers. A turn ends with it.
func (a *appender) forget() {
	if a != nil && a.used {
		a.ascii, a.wide, a.used = [buffers][]byte{}, [buffers][]uint16{}, false
	}
}
