package node_test

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

// Where production differs from Node.js, the isolate does what production does.
func TestModulesDoAsProductionDoes(t *testing.T) {
	compat := func(date string, flags ...string) worker.Compat {
		return worker.Compat{Date: date, Flags: append(flags, "nodejs_compat")}
	}
	const env = `export default () => JSON.stringify({ ...process.env })`
	for name, tt := range map[string]struct {
		compat       worker.Compat
		script, want string
	}{
		"a Buffer is of 2 GiB at most": {worker.Compat{}, `import { constants } from "node:buffer"
			export default () => constants.MAX_LENGTH`, "2147483647"},
		"sizes are checked against that": {worker.Compat{}, `import { Buffer } from "node:buffer"
			export default () => { try { Buffer.alloc(-1) } catch (e) { return e.message } }`,
			`The value of "size" is out of range. It must be >= 0 && <= 2147483647. Received -1`},
		"process.env has the text and JSON of the bindings": {worker.Compat{}, env,
			`{"TEXT":"hi","SECRET":"shh","WORD":"plain","LIST":"[1,{\"a\":2}]"}`},
		"process.env was empty before 2025-04-01": {compat("2025-03-31"), env, "{}"},
		"unless a flag filled it":                 {compat("2025-03-31", "nodejs_compat_populate_process_env"), `export default () => process.env.TEXT`, "hi"},
		"a flag keeps it empty":                   {compat("2026-01-01", "nodejs_compat_do_not_populate_process_env"), env, "{}"},
		"timers are objects since 2026-02-10":     {compat("2026-02-10"), `export default () => typeof setTimeout(() => {})`, "object"},
		"timers were numbers before":              {compat("2026-02-09"), `export default () => typeof setTimeout(() => {})`, "number"},
		"unless a flag made them objects":         {compat("2026-02-09", "enable_nodejs_global_timers"), `export default () => typeof setInterval(() => {}, 1)`, "object"},
		"a flag keeps them numbers":               {compat("2026-03-01", "no_nodejs_global_timers"), `export default () => typeof setTimeout(() => {})`, "number"},
		"there are no globals before 2024-09-23":  {compat("2024-09-22"), `export default () => typeof Buffer + typeof process + typeof global`, "undefinedundefinedundefined"},
		"there are from then on":                  {compat("2024-09-23"), `export default () => typeof Buffer + typeof process + typeof global`, "functionobjectobject"},
		"a global can be replaced":                {worker.Compat{}, `globalThis.process = 5; export default () => process`, "5"},
		"enterWith and disable throw": {worker.Compat{}, `import { AsyncLocalStorage } from "node:async_hooks"
			const tell = f => { try { f() } catch (e) { return e.message } }
			const als = new AsyncLocalStorage()
			export default () => tell(() => als.enterWith(1)) + tell(() => als.disable())`,
			"asyncLocalStorage.enterWith() is not implementedasyncLocalStorage.disable() is not implemented"},
		"a storage has a default": {worker.Compat{}, `import { AsyncLocalStorage } from "node:async_hooks"
			const als = new AsyncLocalStorage({ defaultValue: 7, name: "n" })
			export default () => [als.getStore(), als.run(1, () => als.getStore()), als.name].join()`, "7,1,n"},
		"an object may print itself": {worker.Compat{}, `import { format, inspect } from "node:util"
			export default () => format({ [inspect.custom]: () => "<own>" })`, "<own>"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := worker.Spec{Compat: tt.compat, Bindings: []worker.Binding{
				{Name: "TEXT", Type: "plain_text", Text: "hi"}, {Name: "SECRET", Type: "secret_text", Text: "shh"},
				{Name: "WORD", Type: "json", Text: `"plain"`}, {Name: "LIST", Type: "json", Text: `[1, {"a": 2}]`},
			}}
			if got := evaluate(t, spec, tt.script); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// evaluate is what the default export of a module, a function, returns, as a string.
func evaluate(t *testing.T, spec worker.Spec, script string) string {
	t.Helper()
	spec.Modules = []worker.Module{
		{Name: "index.js", Type: worker.ESModule, Content: []byte(`import run from './script.js'
			export default { fetch: async (request, env, ctx) => new Response(String(await run({ request, env, ctx }))) }`)},
		{Name: "script.js", Type: worker.ESModule, Content: []byte(script)},
	}
	return runWorker(t, spec)
}
