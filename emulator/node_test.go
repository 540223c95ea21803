package emulator_test

import (
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

// A project that uses modules of Node.js itself and by CommonJS packages, as npm has them.
func nodeProject(config string) map[string]string {
	return map[string]string{
		"wrangler.json": `{"name": "node", "main": "src/index.ts", ` + config + `}`,
		"src/index.ts": `import { Buffer as Named, constants } from "node:buffer"
import buffer from "buffer"
import * as path from "node:path"
import lib from "old-lib"
import { hash } from "esm-lib"

export default {
	async fetch(request: Request, env: { GREETING: string }): Promise<Response> {
		return Response.json({
			same: Named === Buffer && buffer.Buffer === Buffer && lib.Buffer === Buffer,
			joined: path.join("a", "..", "b"),
			lib: lib.run(),
			hash: hash("x"),
			env: process.env.GREETING,
			limit: constants.MAX_LENGTH,
			timer: typeof setTimeout(() => {}, 1).ref,
			global: global === globalThis,
		})
	},
}
`,
		"node_modules/old-lib/package.json": `{"name": "old-lib", "version": "1.0.0", "main": "index.js"}`,
		"node_modules/old-lib/index.js": `var util = require("util"), EventEmitter = require("events"), buffer = require("node:buffer")
var fs = require("fs")
function Thing() { EventEmitter.call(this) }
util.inherits(Thing, EventEmitter)
exports.Buffer = buffer.Buffer
exports.run = function () {
  var seen = []
  var t = new Thing()
  t.on("x", function (v) { seen.push(v) })
  t.emit("x", util.format("%s-%d", "a", 1))
  try { fs.readFileSync("/etc/hosts") } catch (e) { seen.push(e.code) }
  return seen
}
`,
		"node_modules/esm-lib/package.json": `{"name": "esm-lib", "version": "1.0.0", "type": "module", "exports": "./index.js"}`,
		"node_modules/esm-lib/index.js": `import { createHash } from "crypto"
export const hash = text => createHash("md5").update(text).digest("hex")
`,
	}
}

func TestNodeModulesInAProject(t *testing.T) {
	h := emulatortest.Start(t, nodeProject(`"compatibility_date": "2026-03-01", "compatibility_flags": ["nodejs_compat"], "vars": {"GREETING": "hi"}`), emulator.Options{})
	want := `{"same":true,"joined":"b","lib":["a-1","ERR_METHOD_NOT_IMPLEMENTED"],"hash":"9dd4e461268c8034f5c8564e155c67a6",` +
		`"env":"hi","limit":2147483647,"timer":"function","global":true}`
	if got := h.Get("/").Text; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestNodeModulesThatCannotBeImportedAreToldWithTheirPlace(t *testing.T) {
	missing := nodeProject(`"compatibility_date": "2026-08-04"`)
	missing["src/index.ts"] = "import { join } from 'node:path'\nimport { nope } from 'node:path'\nexport default { fetch: () => new Response(join(nope())) }\n"
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"without the flag":               {nodeProject(`"compatibility_date": "2026-03-01"`), []string{"src/index.ts:1:", "nodejs_compat"}},
		"a name that the module has not": {missing, []string{"src/index.ts:2:", `nope`}},
	} {
		t.Run(name, func(t *testing.T) {
			h := emulatortest.Start(t, tt.files, emulator.Options{})
			text := h.Get("/").Text
			for _, part := range tt.want {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in %s", part, text)
				}
			}
		})
	}
}
