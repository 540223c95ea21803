package isolate

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
)

// Enabled reports whether the Worker's compatibility date and flags turn f on.
func (i *isolate) Enabled(f host.Flag) bool {
	return f.EnabledBy(i.spec.Compat.Date, i.spec.Compat.Flags)
}

// Receipt for the flags and their dates: https://developers.cloudflare.com/workers/configuration/compatibility-flags/
var (
	flagMessageChannel    = host.Flag{Name: "expose_global_message_channel", Off: "no_expose_global_message_channel", Since: "2025-08-15"}
	flagNavigator         = host.Flag{Name: "global_navigator", Off: "no_global_navigator", Since: "2022-03-21"}
	flagNavigatorLanguage = host.Flag{Name: "enable_navigator_language", Off: "disable_navigator_language", Since: "2025-05-19"}
	flagNoImportableEnv   = host.Flag{Name: "disallow_importable_env", Off: "allow_importable_env"}
	flagExports           = host.Flag{Name: "enable_ctx_exports", Off: "disable_ctx_exports", Since: "2025-11-17"}
)

// installScope fits the global scope to the compatibility date, and adds what is Cloudflare's own.
func (i *isolate) installScope() {
	global := i.rt.GlobalObject()
	drop := func(f host.Flag, names ...string) {
		for _, name := range names {
			if !i.Enabled(f) {
				_ = global.Delete(name) // ours, and configurable
			}
		}
	}
	drop(flagMessageChannel, "MessageChannel", "MessagePort")
	drop(flagNavigator, "navigator", "Navigator")
	if i.Enabled(flagNavigator) && i.Enabled(flagNavigatorLanguage) {
		i.core.DefineLanguage()
	}
	i.realm.Lazy("Cloudflare", goja.FLAG_TRUE, func() goja.Value {
		flags := i.rt.NewObject()
		for _, name := range i.spec.Compat.Flags {
			i.define(flags, name, i.rt.ToValue(true))
		}
		o := i.rt.NewObject()
		i.define(o, "compatibilityFlags", flags)
		return o
	})
	for _, name := range absentClasses {
		i.realm.Lazy(name, goja.FLAG_FALSE, func() goja.Value { return i.must(i.construct("absent", i.rt.ToValue(name))) })
	}
}

// absentClasses are globals that production has and this engine lacks: they can be asked for, and say
// what is missing when they are used.
var absentClasses = []string{"EventSource", "HTMLRewriter", "WebAssembly", "WebSocket", "WebSocketPair", "WebSocketRequestResponsePair"}
