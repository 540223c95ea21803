package webcore

import (
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// nameZone has dates print their time zone by its name, as V8 does, and not by Go's.
// Deviation: Date() without new ends in (UTC).
// goja keeps that function where no other can be put.
func (c *Core) nameZone() {
	proto := c.rt.Get("Date").(*goja.Object).Get("prototype").(*goja.Object)
	for _, name := range []string{"toString", "toTimeString"} {
		must(patch.Call(proto.Get(name), func(next patch.Function) patch.Function {
			return func(call goja.FunctionCall) goja.Value {
				v := next(call)
				if text, ok := strings.CutSuffix(v.String(), "(UTC)"); ok {
					return c.rt.ToValue(text + "(Coordinated Universal Time)")
				}
				return v
			}
		}))
	}
}
