import dc, { channel, subscribe, unsubscribe, hasSubscribers, tracingChannel } from 'node:diagnostics_channel'
import punycode from 'node:punycode'
import os from 'node:os'
import { createRequire, builtinModules, isBuiltin } from 'node:module'
import { performance as perf } from 'node:perf_hooks'
import console2, { log } from 'node:console'
import constants from 'node:constants'
import net from 'node:net'
import http, { STATUS_CODES, METHODS } from 'node:http'
import { constants as fsConstants } from 'node:fs'
import { AsyncLocalStorage } from 'node:async_hooks'
import sys from 'node:sys'
import util from 'node:util'

const each = (values, f) => values.map(v => { try { return f(v) } catch (e) { return `${e.name} ${e.code}: ${e.message}` } })

export default {
  'channels': () => { const seen = [], f = (m, n) => seen.push([m, n]); subscribe('c', f); channel('c').publish(1); const had = hasSubscribers('c'); unsubscribe('c', f); channel('c').publish(2); return [seen, had, hasSubscribers('c'), channel('c') === channel('c'), hasSubscribers('nope'), ...each([5], v => channel(v)), unsubscribe('c', f)] },
  'channels with stores': () => { const als = new AsyncLocalStorage(), c = channel('s'); c.bindStore(als, v => v * 2); return [c.runStores(4, function (a) { return [als.getStore(), this.me, a] }, { me: 'x' }, 'arg'), c.unbindStore(als), c.runStores(4, () => als.getStore())] },
  'tracing': async () => { const t = tracingChannel('t'), seen = []; const add = n => m => seen.push(n + ':' + (m.result ?? m.error?.message ?? '')); t.subscribe({ start: add('start'), end: add('end'), asyncStart: add('asyncStart'), asyncEnd: add('asyncEnd'), error: add('error') }); t.traceSync(() => 1); try { t.traceSync(() => { throw new Error('x') }) } catch {} await t.tracePromise(async () => 2); t.traceCallback((v, cb) => cb(null, v), -1, {}, null, 3, () => {}); return seen },
  'punycode': () => [punycode.encode('mañana'), punycode.decode('maana-pta'), punycode.encode('☃-⌘'), punycode.decode('--dqo34k'), punycode.toASCII('mañana.com'), punycode.toUnicode('xn--maana-pta.com'), punycode.toASCII('джумла@джpумлатест.bрфa'), punycode.ucs2.decode('a😀'), punycode.ucs2.encode([97, 0x1f600]), punycode.encode('abc'), punycode.encode('Bahnhof München-Überacker'), ...each(['ü'], v => punycode.decode(v)).map(t => t.slice(0, 10))],
  'os constants': () => [os.constants.signals.SIGINT, os.constants.errno.ENOENT, os.EOL, os.platform(), os.endianness(), os.devNull, typeof os.hostname()],
  'createRequire': () => { const require = createRequire('/a/b.js'); return [require('node:path') === require('path'), typeof require('fs').readFileSync, ...each(['./nope', 'left-pad'], v => require(v)).map(t => t.slice(0, 22))] },
  'the list of modules': () => [builtinModules.includes('fs'), isBuiltin('fs'), isBuiltin('node:fs'), isBuiltin('nope')],
  'performance': () => [perf === performance],
  'console': () => [log === console.log, console2.log === console.log],
  'constants': () => [constants.SIGINT, constants.ENOENT, constants.O_RDONLY, fsConstants.O_CREAT],
  'addresses': () => ['127.0.0.1', '::1', '1.2.3', '01.2.3.4', 'fe80::1%eth0', '::ffff:1.2.3.4', 'x', '1.2.3.4.5', '[::1]'].map(a => [net.isIP(a), net.isIPv4(a), net.isIPv6(a)]),
  'http constants': () => [STATUS_CODES[404], STATUS_CODES[418], METHODS.includes('GET'), METHODS.length, new http.Agent({ keepAlive: true }).keepAlive, ...each(['a b', ''], v => http.validateHeaderName(v)), ...each(['a\u0100', undefined], v => http.validateHeaderValue('x', v))],
  'sys': () => [sys === util],
}
