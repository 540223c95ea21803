package idl

import (
	"testing"

	"github.com/dop251/goja"
)

type counter struct{ n int64 }

func TestClass(t *testing.T) {
	rt := goja.New()
	r := NewRealm(rt)
	c := Define(r, "Counter", 1, func(call goja.ConstructorCall) *counter {
		return &counter{call.Argument(0).ToInteger()}
	})
	c.Method("add", 1, func(this *counter, call goja.FunctionCall) goja.Value {
		this.n += call.Argument(0).ToInteger()
		return rt.ToValue(this.n)
	})
	c.AsyncMethod("later", 0, func(this *counter, call goja.FunctionCall) goja.Value { return r.Resolved(this.n) })
	c.Attribute("value", func(this *counter) goja.Value { return rt.ToValue(this.n) }, func(this *counter, v goja.Value) { this.n = v.ToInteger() })
	c.Static("zero", 0, func(goja.FunctionCall) goja.Value { return c.New(&counter{}) })

	Define[*counter](r, "Closed", 0, nil)
	Define(r, "Headers", 1, func(goja.ConstructorCall) *counter { return nil })
	r.Global("both", 0, func(goja.FunctionCall) goja.Value { return rt.ToValue("yes") })

	for name, tt := range map[string]struct{ script, want string }{
		"constructs":                           {`new Counter(2).add(3)`, "5"},
		"attributes read and write":            {`c = new Counter(1); c.value = 7; c.value`, "7"},
		"instances take properties":            {`c = new Counter(1); c.params = {a: 1}; c.params.a`, "1"},
		"subclasses keep state and prototype":  {`class D extends Counter { twice() { return this.add(this.value) } }; d = new D(4); [d.twice(), d instanceof Counter, d instanceof D].join()`, "8,true,true"},
		"statics make instances":               {`Counter.zero() instanceof Counter`, "true"},
		"the state is hidden from code":        {`s = Object.getOwnPropertySymbols(new Counter(1)); String(new Counter(1)[s[0]])`, "undefined"},
		"methods are enumerable":               {`Object.keys(Counter.prototype).sort().join()`, "add,later,value"},
		"state is not enumerable":              {`JSON.stringify([Object.keys(new Counter(1)), {...new Counter(1)}])`, `[[],{}]`},
		"the tag is the name":                  {`String(new Counter(1))`, "[object Counter]"},
		"a foreign receiver is refused":        {`try { Counter.prototype.add.call({}, 1) } catch (e) { e.name + ": " + e.message }`, "TypeError: " + IllegalInvocation},
		"new is needed":                        {`try { Counter(1) } catch (e) { e.name + ": " + e.message }`, "TypeError: " + NeedsNew("Counter")},
		"new is needed with a receiver":        {`try { Counter.call(Object.create(Counter.prototype), 1) } catch (e) { e.message }`, NeedsNew("Counter")},
		"Reflect.construct is new":             {`Reflect.construct(Counter, [2], class D extends Counter {}).value`, "2"},
		"what cannot be made says so":          {`["new Closed()", "Closed()"].map(c => { try { Function(c)() } catch (e) { return e.message } }).join()`, "Illegal constructor,Illegal constructor"},
		"a global has the global receiver":     {`[both.call(undefined), globalThis.both(), (0, both)()].join()`, "yes,yes,yes"},
		"a global refuses others":              {`try { ({ both }).both() } catch (e) { e.message }`, IllegalInvocation},
		"a missing argument says its type":     {`try { new Headers() } catch (e) { e.message }`, "Failed to construct 'Headers': constructor parameter 1 is not of type 'string'."},
		"missing arguments are refused":        {`try { new Counter() } catch (e) { e.message }`, "Failed to construct 'Counter': 1 argument required, but only 0 present."},
		"a promise method rejects, not throws": {`Counter.prototype.later.call({}) instanceof Promise`, "true"},
		"names and lengths are WebIDL's":       {`[Counter.name, Counter.length, Counter.prototype.add.name, Counter.prototype.add.length].join()`, "Counter,1,add,1"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := rt.RunString(`{` + tt.script + `}`)
			if err != nil {
				t.Fatal(err)
			}
			if v.String() != tt.want {
				t.Errorf("got %s, want %s", v, tt.want)
			}
		})
	}
}

func TestBytes(t *testing.T) {
	rt := goja.New()
	r := NewRealm(rt)
	for name, tt := range map[string]struct{ script, want string }{
		"a view of a part": {`new Uint8Array([1,2,3,4]).subarray(1,3)`, "\x02\x03"},
		"a buffer":         {`new Uint8Array([1,2]).buffer`, "\x01\x02"},
		"a DataView":       {`new DataView(new Uint8Array([1,2,3]).buffer, 2)`, "\x03"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := rt.RunString(tt.script)
			if err != nil {
				t.Fatal(err)
			}
			if b, ok := r.Bytes(v); !ok || string(b) != tt.want {
				t.Errorf("got %q, %v", b, ok)
			}
		})
	}
	if _, ok := r.Bytes(rt.ToValue("text")); ok {
		t.Error("a string has bytes")
	}
}
