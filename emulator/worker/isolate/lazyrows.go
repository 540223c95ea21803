package isolate

import (
	"github.com/dop251/goja"
)

// lazyRows is the results array of a D1 answer that no code has looked into yet. To JavaScript it is
// an array like any other: a Proxy of a real one, which gets its rows at the first touch. Until then
// they are JSON text, and JSON.stringify passes them on without making an object of any.
type lazyRows struct {
	isolate *isolate
	inv     *invocation
	columns []string
	text    string // the rows: [1,"a"],[2,"b"]]
	count   int
	target  *goja.Object
	traps   goja.ProxyTrapConfig
	filled  bool
}

// fewRows are made at once: what a Proxy costs they do not.
const fewRows = 4

// newLazyRows returns the array of rows whose text begins there.
func (i *isolate) newLazyRows(columns []string, text string, count int) goja.Value {
	l := &lazyRows{isolate: i, inv: i.current, columns: columns, text: text, count: count, target: i.rt.NewArray()}
	marker := i.realm.Marker(l)
	l.traps = goja.ProxyTrapConfig{
		Get: func(_ *goja.Object, name string, receiver goja.Value) goja.Value {
			if name == "length" {
				return i.rt.ToValue(count)
			}
			return l.reflect("get", i.rt.ToValue(name), receiver)
		},
		GetSym: func(_ *goja.Object, symbol *goja.Symbol, receiver goja.Value) goja.Value {
			if i.realm.IsNative(symbol) {
				return marker
			}
			return i.reflectOn(l.target, "get", symbol, receiver)
		},
		Set: func(_ *goja.Object, name string, value, receiver goja.Value) bool {
			return l.reflect("set", i.rt.ToValue(name), value, receiver).ToBoolean()
		},
		Has: func(_ *goja.Object, name string) bool { return l.reflect("has", i.rt.ToValue(name)).ToBoolean() },
		DeleteProperty: func(_ *goja.Object, name string) bool {
			return l.reflect("deleteProperty", i.rt.ToValue(name)).ToBoolean()
		},
		OwnKeys: func(*goja.Object) *goja.Object { return l.reflect("ownKeys").(*goja.Object) },
		PreventExtensions: func(*goja.Object) bool {
			return l.reflect("preventExtensions").ToBoolean()
		},
		GetOwnPropertyDescriptor: func(_ *goja.Object, name string) goja.PropertyDescriptor {
			return i.descriptor(l.reflect("getOwnPropertyDescriptor", i.rt.ToValue(name)))
		},
		DefineProperty: func(_ *goja.Object, name string, d goja.PropertyDescriptor) bool {
			return l.reflect("defineProperty", i.rt.ToValue(name), i.descriptorObject(d)).ToBoolean()
		},
	}
	if l.inv != nil {
		l.inv.lazy++
	}
	return i.rt.ToValue(i.rt.NewProxy(l.target, &l.traps))
}

// lazyRowsOf returns what is behind v when it is such an array, touched or not.
func (i *isolate) lazyRowsOf(v goja.Value) *lazyRows {
	l, _ := i.realm.Native(v).(*lazyRows)
	return l
}

// Target returns the array itself, with its rows.
func (l *lazyRows) Target() *goja.Object {
	l.fill()
	return l.target
}

// fill makes the rows. From then on the Proxy stands aside.
func (l *lazyRows) fill() {
	if l.filled {
		return
	}
	l.filled = true
	l.traps = goja.ProxyTrapConfig{GetSym: l.traps.GetSym}
	if l.inv != nil {
		l.inv.lazy--
	}
	r := &jsonReader{rt: l.isolate.rt, text: l.text, deepest: maxJSONDepth}
	rows, err := r.rowObjects(l.columns)
	if err != nil {
		panic(err) // the text has been read before
	}
	l.text = ""
	if _, err := l.isolate.json.push(l.target, rows...); err != nil {
		panic(err)
	}
}

// reflect fills the array and does to it what the function of Reflect with that name does.
func (l *lazyRows) reflect(name string, args ...goja.Value) goja.Value {
	l.fill()
	return l.isolate.reflectOn(l.target, name, args...)
}

func (i *isolate) reflectOn(target *goja.Object, name string, args ...goja.Value) goja.Value {
	f, _ := goja.AssertFunction(i.json.reflect.Get(name))
	return i.must(f(i.json.reflect, append([]goja.Value{target}, args...)...))
}

// descriptor is a property descriptor as goja takes it.
func (i *isolate) descriptor(v goja.Value) goja.PropertyDescriptor {
	o, ok := v.(*goja.Object)
	if !ok {
		return goja.PropertyDescriptor{}
	}
	flag := func(name string) goja.Flag { return goja.ToFlag(o.Get(name).ToBoolean()) }
	d := goja.PropertyDescriptor{Configurable: flag("configurable"), Enumerable: flag("enumerable"), Value: o.Get("value")}
	if d.Value == nil {
		d.Getter, d.Setter = o.Get("get"), o.Get("set")
	} else {
		d.Writable = flag("writable")
	}
	return d
}

// descriptorObject is the reverse of descriptor.
func (i *isolate) descriptorObject(d goja.PropertyDescriptor) *goja.Object {
	o := i.rt.NewObject()
	for name, f := range map[string]goja.Flag{"writable": d.Writable, "enumerable": d.Enumerable, "configurable": d.Configurable} {
		if f != goja.FLAG_NOT_SET {
			setOwn(o, name, i.rt.ToValue(f == goja.FLAG_TRUE))
		}
	}
	for name, v := range map[string]goja.Value{"value": d.Value, "get": d.Getter, "set": d.Setter} {
		if v != nil {
			setOwn(o, name, v)
		}
	}
	return o
}
