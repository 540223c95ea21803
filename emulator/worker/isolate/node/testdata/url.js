import url, { parse, format, resolve, fileURLToPath, pathToFileURL, domainToASCII, domainToUnicode, urlToHttpOptions, URL as NodeURL, URLSearchParams as NodeParams } from 'node:url'

const each = (values, f) => values.map(v => { try { return f(v) } catch (e) { return `${e.name} ${e.code}: ${e.message}` } })
const plain = u => Object.fromEntries(Object.entries(u).filter(([, v]) => v !== null && typeof v !== 'function'))

export default {
  'the classes are the globals': () => [NodeURL === URL, NodeParams === URLSearchParams],
  'parse': () => ['http://user:pa%20ss@Example.com:8080/p/a?q=1&r=2#h', 'https://a.b', '//host/path', 'path/only?x#y', '/abs', 'mailto:a@b.c', 'http://[::1]:80/x', 'HTTP://A.B/c d', 'file:///etc/x', 'http://a.b?x=1', 'http://a.b#x', '?q', '#h', '', 'javascript:alert(1)', 'http://a.b/{x}|y', ' http://a.b/ ', 'http://a.com\\b\\c', 'http://ex.com:/p', 'ws://h/x', 'http://münchen.de/x', 'redis://u:p@h:6379/0', 'postgres://u:p%40x@db.host:5432/name?ssl=true', 'mongodb+srv://a.b/c', 'a:b:c'].map(u => plain(parse(u))),
  'parse with the query parsed': () => [parse('http://a.b/?x=1&x=2', true).query, parse('/p', true).query, parse('//h/p', false, true).host],
  'parse of nonsense': () => each([1, null, undefined, {}, 'http://a b/c', 'http://%'], u => plain(parse(u))),
  'format of objects': () => [{ protocol: 'http', host: 'a.b', pathname: 'x' }, { protocol: 'https:', hostname: 'h', port: 1, pathname: '/p', query: { a: [1, 2], b: 'c d' } }, { pathname: '/a?b#c', search: 'q', hash: 'h' }, { protocol: 'mailto', pathname: 'a@b' }, { protocol: 'file', pathname: '/x' }, { auth: 'u:p@', host: 'h', slashes: true }, { hostname: '::1', protocol: 'http' }].map(o => format(o)),
  'format of URLs': () => [format(new URL('http://u:p@xn--mnchen-3ya.de:81/p?q#h')), format(new URL('http://u:p@xn--mnchen-3ya.de/p?q#h'), { unicode: true, auth: false, search: false, fragment: false }), format('http://A.B/x y'), ...each([1, null], v => format(v))],
  'resolve': () => [['/one/two/three', 'four'], ['http://example.com/', '/one'], ['http://example.com/one', '/two'], ['http://a/b/c/d?q', '../e'], ['http://a/b/c/d?q', '?x'], ['http://a/b/c/d?q', '#x'], ['http://a/b/c/d', '//g'], ['http://a/b/c/d', 'https://x/y'], ['http://a/b/c/d', './../../../g'], ['http://a/b/c/d', 'g/../h/'], ['http://a', 'b'], ['a/b', '../../c'], ['http://a/b', ''], ['/a/b', '.'], ['/a/b/', '..'], ['http://u:p@a/b', 'c'], ['http://a/b?c', 'd?e#f']].map(a => resolve(...a)),
  'fileURLToPath': () => each(['file:///a/b%20c', new URL('file:///x'), 'http://a', 'file://host/x', 'file:///a%2Fb', 5, 'file:///%E4%BD%A0'], v => fileURLToPath(v)),
  'pathToFileURL': () => each(['/a b', '/a?b#c%d', '/x/../y/', '/new\nline', 5, '/', '/é'], v => pathToFileURL(v).href),
  'domains': () => [domainToASCII('español.com'), domainToASCII('xn--iñvalid.com'), domainToASCII('A.B'), domainToUnicode('xn--espaol-zwa.com'), domainToUnicode('xn--iñvalid.com')],
  'urlToHttpOptions': () => { const o = urlToHttpOptions(new URL('https://a:b@t%65st.com:81/p?q#h')); return [o.protocol, o.hostname, o.hash, o.search, o.pathname, o.path, o.port, o.auth, o.href] },
}
