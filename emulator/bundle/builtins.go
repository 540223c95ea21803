package bundle

import (
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
)

// A nodeMode is how far a Worker may use Node.js's own modules.
type nodeMode int

const (
	nodeNone nodeMode = iota
	nodeALS           // node:async_hooks only
	nodeV1            // with the prefix node: only
	nodeV2            // with and without the prefix
)

// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#nodejs-compatibility-flag
func nodeModeOf(c worker.Compat) nodeMode {
	has := func(flag string) bool { return slices.Contains(c.Flags, flag) }
	byDefault := c.Date >= "2026-08-04"
	v1 := has("nodejs_compat") || byDefault && !has("no_nodejs_compat")
	switch {
	case has("nodejs_compat_v2"), !has("no_nodejs_compat_v2") && (byDefault || v1 && c.Date >= "2024-09-23"):
		return nodeV2
	case v1:
		return nodeV1
	case has("nodejs_als"):
		return nodeALS
	}
	return nodeNone
}

// nodeBuiltins are the modules that Node.js has built in, without prefix.
// Receipt: https://nodejs.org/api/module.html#modulebuiltinmodules
var nodeBuiltins = []string{
	"_http_agent", "_http_client", "_http_common", "_http_incoming", "_http_outgoing", "_http_server",
	"_stream_duplex", "_stream_passthrough", "_stream_readable", "_stream_transform", "_stream_wrap", "_stream_writable",
	"_tls_common", "_tls_wrap",
	"assert", "assert/strict", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto",
	"dgram", "diagnostics_channel", "dns", "dns/promises", "domain", "events", "fs", "fs/promises", "http", "http2",
	"https", "inspector", "inspector/promises", "module", "net", "os", "path", "path/posix", "path/win32", "perf_hooks",
	"process", "punycode", "querystring", "readline", "readline/promises", "repl", "stream", "stream/consumers",
	"stream/promises", "stream/web", "string_decoder", "sys", "timers", "timers/promises", "tls", "trace_events", "tty",
	"url", "util", "util/types", "v8", "vm", "wasi", "worker_threads", "zlib",
}

// prefixedBuiltins exist with the prefix node: only.
var prefixedBuiltins = []string{"sea", "sqlite", "test", "test/reporters"}

// builtin returns the name of a module of Node.js without its prefix.
func builtin(specifier string) (name string, prefixed, ok bool) {
	name, prefixed = strings.CutPrefix(specifier, "node:")
	ok = slices.Contains(nodeBuiltins, name) || prefixed && slices.Contains(prefixedBuiltins, name)
	return name, prefixed, ok
}

// resolveBuiltin leaves modules of the runtime itself outside the bundle.
func (b *Builder) resolveBuiltin(args api.OnResolveArgs) (api.OnResolveResult, bool) {
	if strings.HasPrefix(args.Path, "cloudflare:") {
		return external(args.Path, args.Kind), true
	}
	name, prefixed, ok := builtin(args.Path)
	if !ok {
		return api.OnResolveResult{}, false
	}
	// Deviation: importing a module of Node.js without nodejs_compat fails the build. Wrangler only
	// warns when it is written with its prefix, and the upload fails.
	//
	// Deviation: modules of Node.js are left to the runtime, which may lack some. Wrangler puts
	// polyfills in place of those that workerd lacks.
	switch nodeModeOf(b.in.Compat) {
	case nodeV2:
	case nodeV1:
		ok = prefixed
	case nodeALS:
		ok = prefixed && name == "async_hooks"
	default:
		ok = false
	}
	return external("node:"+name, args.Kind), ok
}

// builtinHint says what lets the Worker import a module of Node.js.
func builtinHint(c worker.Compat, name string, prefixed bool) string {
	if nodeModeOf(c) == nodeV1 && !prefixed {
		return `import it as "node:` + name + `", or set "compatibility_date" to 2024-09-23 or later`
	}
	hint := `add "nodejs_compat" to "compatibility_flags" in the configuration`
	if c.Date < "2024-09-23" && !prefixed {
		hint += ` and set "compatibility_date" to 2024-09-23 or later`
	}
	return hint
}
