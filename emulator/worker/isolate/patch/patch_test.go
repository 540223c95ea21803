package patch

import (
	"runtime"
	"slices"
	"testing"

	"github.com/dop251/goja"
)

// value runs code on rt.
func value(t *testing.T, rt *goja.Runtime, code string) goja.Value {
	t.Helper()
	v, err := rt.RunString(code)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestABuiltInStaysWhatItIs(t *testing.T) {
	rt := goja.New()
	class := rt.Get("Map")
	made := 0
	if err := Construct(class, func(next Constructor) Constructor {
		return func(args []goja.Value, newTarget *goja.Object) *goja.Object {
			made++
			return next(args, newTarget)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := Call(value(t, rt, "Map.prototype.get"), func(next Function) Function {
		return func(call goja.FunctionCall) goja.Value { return rt.ToValue(next(call).ToInteger() + 1) }
	}); err != nil {
		t.Fatal(err)
	}
	got := value(t, rt, `class M extends Map {} [new Map([[1, 2]]).get(1), new M([[1, 5]]).get(1), new M() instanceof M, Map.name, Map.prototype.get.name, Map.prototype.constructor === Map].join()`)
	if want := "3,6,true,Map,get,true"; got.String() != want || made != 3 {
		t.Errorf("got %s, made %d", got, made)
	}
	if err := Call(value(t, rt, "() => {}"), func(f Function) Function { return f }); err == nil {
		t.Error("a function of JavaScript is patched")
	}
}

func TestStringsAreSeenAndMadeWithoutCopying(t *testing.T) {
	rt := goja.New()
	if s, ok := ASCII(value(t, rt, `"ab" + "c"`)); !ok || s != "abc" {
		t.Errorf("got %q, %v", s, ok)
	}
	wide := value(t, rt, `"é" + "x\ud800"`)
	units, ok := Wide(wide)
	if !ok || !slices.Equal(units[1:], []uint16{0xe9, 'x', 0xd800}) {
		t.Errorf("got %x, %v", units, ok)
	}
	if _, ok := ASCII(wide); ok {
		t.Error("é is ASCII")
	}
	if _, ok := Wide(rt.ToValue(1)); ok {
		t.Error("1 is a string")
	}
	if err := rt.Set("made", []any{FromASCII("abc"), FromWide(append(units[:1:1], 0xe9))}); err != nil {
		t.Fatal(err)
	}
	if got := value(t, rt, `[made[0] === "abc", made[1] === "é", made[0].toUpperCase(), (made[1] + made[0]).length, ({ abc: 1 })[made[0]]].join()`).String(); got != "true,true,ABC,4,1" {
		t.Errorf("got %s", got)
	}
}

func TestArraysAreSeen(t *testing.T) {
	rt := goja.New()
	array := value(t, rt, "[1, , 3]").(*goja.Object)
	if n, ok := Length(array); !ok || n != 3 {
		t.Errorf("length %d, %v", n, ok)
	}
	if e, ok := Elements(array); !ok || len(e) != 3 || e[1] != nil || e[2].ToInteger() != 3 {
		t.Errorf("elements %v, %v", e, ok)
	}
	if _, ok := Length(value(t, rt, "({ length: 1 })").(*goja.Object)); ok {
		t.Error("an object is an array")
	}
}

func TestPatternsAreSeen(t *testing.T) {
	rt := goja.New()
	rx := value(t, rt, "var r = /(?=a)b/giu; r").(*goja.Object)
	p, ok := PatternOf(rx)
	if !ok || p.Text() != "(?=a)b" || !p.Global() || p.Sticky() || !p.Unicode() || p.Backtracker() == nil {
		t.Errorf("got %q %v %v %v", p.Text(), p.Global(), p.Sticky(), p.Unicode())
	}
	linear, _ := PatternOf(value(t, rt, "/a/g").(*goja.Object))
	if linear.Backtracker() != nil {
		t.Error("/a/g backtracks")
	}
	linear.SetBacktracker(p.Backtracker())
	if linear.Backtracker() != p.Backtracker() {
		t.Error("the matcher was not set")
	}
	if err := SetSource(rx, rt.ToValue("other").(goja.String)); err != nil || value(t, rt, "String(r)").String() != "/other/giu" {
		t.Errorf("got %s, %v", value(t, rt, "String(r)"), err)
	}
	if _, ok := PatternOf(rt.NewObject()); ok {
		t.Error("an object has a pattern")
	}
}

func TestErrorsKeepTheirFrames(t *testing.T) {
	rt := goja.New()
	e := value(t, rt, "function f() { return new Error('x') } var e = f(); e").(*goja.Object)
	frames, ok := Frames(e)
	if !ok || len(frames) < 2 || frames[0].FuncName() != "f" {
		t.Fatalf("got %v, %v", frames, ok)
	}
	if !SetFrames(e, frames[:1]) || value(t, rt, "e.stack === undefined").String() != "true" {
		t.Errorf("stack is %s", value(t, rt, "e.stack"))
	}
	if SetFrames(rt.NewObject(), nil) {
		t.Error("an object has frames")
	}
}

func TestValuesHangOnObjectsUnseen(t *testing.T) {
	rt := goja.New()
	h := NewHider()
	for _, code := range []string{"({})", "new (class A {})", "({ [Symbol.iterator]: 1, a: 2 })", "Object.freeze({ [Symbol.for('x')]: 1 })"} {
		o := value(t, rt, "var o = "+code+"; o").(*goja.Object)
		if v, ok := h.Hidden(o); v != nil || !ok {
			t.Errorf("%s had %v, %v", code, v, ok)
		}
		look := "Reflect.ownKeys(o).map(k => String(k) + String(o[k])).join() + Object.getOwnPropertySymbols(o).length"
		before := value(t, rt, look).String()
		for _, state := range []string{"first", "second"} {
			if !h.Hide(o, state) {
				t.Errorf("%s hides nothing", code)
			}
			if v, _ := h.Hidden(o); v != state {
				t.Errorf("%s hides %v", code, v)
			}
		}
		if got := value(t, rt, look).String(); got != before {
			t.Errorf("%s shows %s, not %s", code, got, before)
		}
		runtime.GC()
		change := "Object.isFrozen(o) ? 'b3' : (o[Symbol.for('a')] = 1, o[Symbol.for('b')] = 2, delete o[Symbol.for('a')], 'b' + (o[Symbol.for('b')] + Object.getOwnPropertySymbols({ ...o }).length - Object.getOwnPropertySymbols(o).length + 1))"
		if got := value(t, rt, change).String(); got != "b3" {
			t.Errorf("%s keeps its symbols as %s", code, got)
		}
		if v, _ := h.Hidden(o); v != "second" {
			t.Errorf("%s hides %v after changes", code, v)
		}
		if v, _ := h.Hidden(value(t, rt, "({ ...o })").(*goja.Object)); v != nil {
			t.Errorf("a copy of %s hides %v", code, v)
		}
	}
	for _, code := range []string{"[]", "() => {}", "new Proxy({}, {})", "new Map()", "new Error()"} {
		o := value(t, rt, code).(*goja.Object)
		if h.Hide(o, 1) {
			t.Errorf("%s hides a value", code)
		}
		if _, ok := h.Hidden(o); ok {
			t.Errorf("%s is ordinary", code)
		}
	}
}
