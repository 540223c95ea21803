package node_test

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

// Where production differs from Node.js, the isolate does what production does.
func TestModulesDoAsProductionDoes(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"a Buffer is of 2 GiB at most": {`import { constants } from "node:buffer"
			export default () => constants.MAX_LENGTH`, "2147483647"},
		"sizes are checked against that": {`import { Buffer } from "node:buffer"
			export default () => { try { Buffer.alloc(-1) } catch (e) { return e.message } }`,
			`The value of "size" is out of range. It must be >= 0 && <= 2147483647. Received -1`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := evaluate(t, worker.Spec{}, tt.script); got != tt.want {
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
