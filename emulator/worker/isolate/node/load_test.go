package node_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

// builtins are the modules that Node.js has, and node:sqlite.
// Receipt: https://nodejs.org/api/module.html#modulebuiltinmodules
const builtins = `_http_agent _http_client _http_common _http_incoming _http_outgoing _http_server _stream_duplex
	_stream_passthrough _stream_readable _stream_transform _stream_wrap _stream_writable _tls_common _tls_wrap assert
	assert/strict async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns
	dns/promises domain events fs fs/promises http http2 https inspector inspector/promises module net os path path/posix
	path/win32 perf_hooks process punycode querystring readline readline/promises repl stream stream/consumers
	stream/promises stream/web string_decoder sys timers timers/promises tls trace_events tty url util util/types v8 vm
	wasi worker_threads zlib sqlite`

func TestEveryModuleLoadsWithADefaultExport(t *testing.T) {
	var script strings.Builder
	script.WriteString("const odd = []\n")
	for n, name := range strings.Fields(builtins) {
		script.WriteString("import * as m" + strconv.Itoa(n) + " from 'node:" + name + "'\n" +
			"if (m" + strconv.Itoa(n) + ".default === undefined || Object.keys(m" + strconv.Itoa(n) + ").length === 0) odd.push('" + name + "')\n")
	}
	script.WriteString("export default () => odd.join()")
	if got := evaluate(t, worker.Spec{}, script.String()); got != "" {
		t.Errorf("without exports: %s", got)
	}
}

func TestWhatIsAbsentSaysSo(t *testing.T) {
	for script, want := range map[string]string{
		`import fs from "node:fs"; export default () => fs.readFileSync("x")`:                             "node:fs readFileSync is not supported by the embedded engine",
		`import { promises } from "fs"; export default () => promises.readFile("x")`:                      "node:fs/promises readFile is not supported by the embedded engine",
		`import { spawn } from "child_process"; export default () => spawn("ls")`:                         "node:child_process spawn is not supported by the embedded engine",
		`import net from "net"; export default () => new net.Socket()`:                                    "node:net Socket is not supported by the embedded engine",
		`import { request } from "https"; export default () => request("https://x")`:                      "node:https request is not supported by the embedded engine",
		`import dns from "dns/promises"; class R extends dns.Resolver {} export default () => new R()`:    "node:dns/promises Resolver is not supported by the embedded engine",
		`import { createRequire } from "module"; export default () => createRequire("/x")("fs").rmSync()`: "node:fs rmSync is not supported by the embedded engine",
	} {
		run := "try { (" + "run)(); return 'nothing thrown' } catch (e) { return e.code + ' ' + e.message }"
		got := evaluate(t, worker.Spec{}, strings.Replace(script, "export default", "const run =", 1)+"\nexport default () => { "+run+" }")
		if got != "ERR_METHOD_NOT_IMPLEMENTED "+want {
			t.Errorf("%s\ngot %s\nwant %s", script, got, want)
		}
	}
}
