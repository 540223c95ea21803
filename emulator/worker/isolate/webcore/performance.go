package webcore

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

type performance struct{}

type navigator struct{}

// now is the time of day in milliseconds, whole ones as in Workers, and like Date.now it stands still while code runs.
func (c *Core) now() float64 { return float64(c.host.Now().UnixMilli()) }

// installPerformance defines performance. Workers count from the Unix epoch.
// Receipt: https://developers.cloudflare.com/workers/runtime-apis/performance/
func (c *Core) installPerformance() {
	rt := c.rt
	class := idl.Define[*performance](c.realm, "Performance", 0, nil).Extends(c.target.Constructor)
	class.Getter("timeOrigin", func(*performance) goja.Value { return rt.ToValue(0) })
	class.Method("now", 0, func(*performance, goja.FunctionCall) goja.Value { return rt.ToValue(c.now()) })
	class.Method("toJSON", 0, func(*performance, goja.FunctionCall) goja.Value {
		o := rt.NewObject()
		must(o.Set("timeOrigin", 0))
		return o
	})
	c.setGlobal("performance", class.New(&performance{}))
}

// installNavigator defines navigator.
// Receipt: https://developers.cloudflare.com/workers/runtime-apis/web-standards/#navigatoruseragent
func (c *Core) installNavigator() {
	rt := c.rt
	class := idl.Define[*navigator](c.realm, "Navigator", 0, nil)
	class.Getter("userAgent", func(*navigator) goja.Value { return rt.ToValue("Cloudflare-Workers") })
	class.Getter("hardwareConcurrency", func(*navigator) goja.Value { return rt.ToValue(1) })
	c.navigator = class
	c.setGlobal("navigator", class.New(&navigator{}))
}

// DefineLanguage adds what newer compatibility dates have in navigator.
func (c *Core) DefineLanguage() {
	c.navigator.Getter("language", func(*navigator) goja.Value { return c.rt.ToValue("en") })
}

func (c *Core) setGlobal(name string, v goja.Value) {
	must(c.rt.GlobalObject().DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}
