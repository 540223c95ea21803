package webcore

import (
	"github.com/dop251/goja"
)

// sequence walks v as a WebIDL sequence.
func (c *Core) sequence(v goja.Value, context string, each func(v goja.Value)) {
	o, ok := v.(*goja.Object)
	if ok {
		iterator := o.GetSymbol(goja.SymIterator)
		ok = iterator != nil && !goja.IsUndefined(iterator) && !goja.IsNull(iterator)
	}
	if !ok {
		c.typeError("%s: The provided value cannot be converted to a sequence.", context)
	}
	c.rt.ForOf(o, func(v goja.Value) bool {
		each(v)
		return true
	})
}

// isEnumerable reports whether o's own property key is enumerable.
func (c *Core) isEnumerable(o *goja.Object, key goja.Value) bool {
	proto := c.rt.Get("Object").(*goja.Object).Get("prototype").(*goja.Object)
	f, _ := goja.AssertFunction(proto.Get("propertyIsEnumerable"))
	v, err := f(o, key)
	if err != nil {
		panic(err)
	}
	return v.ToBoolean()
}
