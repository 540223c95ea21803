package webintl

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A service is one of Intl's constructors, whose instances hold a T. Its shape is ECMAScript's, and
// not WebIDL's: methods are not enumerable, some constructors are functions too.
type service[T any] struct {
	a           *api
	name        string // with "Intl."
	constructor *goja.Object
	prototype   *goja.Object
}

// define makes a service. callable says that it makes an instance without new too.
func define[T any](a *api, intl *goja.Object, name string, length int, callable bool, make func(call goja.ConstructorCall) T) *service[T] {
	s := &service[T]{a: a, name: "Intl." + name}
	s.constructor = a.rt.ToValue(func(call goja.ConstructorCall) *goja.Object {
		// goja tells a plain call from `new` only by the receiver: X() on its own constructs.
		if !a.rt.InstanceOf(call.This, s.constructor) {
			if !callable {
				a.typeError("Constructor %s requires 'new'", s.name)
			}
			return s.instance(make(call))
		}
		a.realm.Attach(call.This, make(call))
		return nil
	}).(*goja.Object)
	s.prototype = s.constructor.Get("prototype").(*goja.Object)
	for _, p := range []struct {
		o     *goja.Object
		name  string
		value any
	}{{s.constructor, "name", name}, {s.constructor, "length", length}} {
		must(p.o.DefineDataProperty(p.name, a.rt.ToValue(p.value), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	must(s.constructor.DefineDataProperty("prototype", s.prototype, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	must(s.prototype.DefineDataProperty("constructor", s.constructor, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	a.tag(s.prototype, s.name)
	must(intl.DefineDataProperty(name, s.constructor, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	return s
}

// supporting defines supportedLocalesOf.
func (s *service[T]) supporting(supports func(cldr.Tag) bool) *service[T] {
	s.a.method(s.constructor, "supportedLocalesOf", 1, func(call goja.FunctionCall) goja.Value {
		tags := s.a.localeList(call.Argument(0))
		o := s.a.coerced(call.Argument(1), s.name+".supportedLocalesOf")
		o.text("localeMatcher", []string{"lookup", "best fit"}, "")
		var list []string
		for _, t := range tags {
			if supports(t) {
				list = append(list, t.String())
			}
		}
		return s.a.strings(list)
	})
	return s
}

// english is what most services support.
func english(t cldr.Tag) bool {
	_, ok := cldr.Supported(t)
	return ok
}

func (s *service[T]) instance(state T) *goja.Object {
	o := s.a.rt.CreateObject(s.prototype)
	s.a.realm.Attach(o, state)
	return o
}

// this is the state behind a method's receiver.
func (s *service[T]) this(v goja.Value, method string) T {
	t, ok := idl.As[T](s.a.realm, v)
	if !ok {
		s.a.incompatible(s.name+".prototype."+method, v)
	}
	return t
}

// incompatible throws for a receiver that is not of the method's class.
func (a *api) incompatible(method string, v goja.Value) {
	receiver := "undefined"
	if o, ok := v.(*goja.Object); ok {
		receiver = "#<" + o.ClassName() + ">"
	} else if v != nil {
		receiver = v.String()
	}
	a.typeError("Method %s called on incompatible receiver %s", method, receiver)
}

func (s *service[T]) method(name string, length int, f func(this T, call goja.FunctionCall) goja.Value) {
	s.a.method(s.prototype, name, length, func(call goja.FunctionCall) goja.Value { return f(s.this(call.This, name), call) })
}

func (s *service[T]) getter(name string, get func(this T) goja.Value) {
	f := s.a.realm.Function("get "+name, 0, func(call goja.FunctionCall) goja.Value { return get(s.this(call.This, name)) })
	must(s.prototype.DefineAccessorProperty(name, f, nil, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

// resolved defines resolvedOptions: list calls set with each option, in order.
func (s *service[T]) resolved(list func(this T, set func(name string, value any))) {
	s.method("resolvedOptions", 0, func(this T, _ goja.FunctionCall) goja.Value {
		o := s.a.rt.NewObject()
		list(this, func(name string, value any) { must(o.Set(name, value)) })
		return o
	})
}
