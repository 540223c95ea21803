// URL Standard §6.1: the URL class.
import { test, workers, eq, ok, throws, handler } from '../workertest.js'

const full = () => new URL('https://user:pa%20ss@host.test:8080/p/a?q=1&r#frag')

test('the parts of a URL', () => {
  const u = full()
  eq([u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash], [
    'https://user:pa%20ss@host.test:8080/p/a?q=1&r#frag', 'https://host.test:8080', 'https:', 'user', 'pa%20ss',
    'host.test:8080', 'host.test', '8080', '/p/a', '?q=1&r', '#frag'])
})
test('an empty query and fragment are empty strings', () => {
  const u = new URL('http://a.test/?#')
  eq([u.search, u.hash, u.href], ['', '', 'http://a.test/?#'])
})
test('the origin of a scheme that is not special is "null"', () => eq(new URL('x://a.test').origin, 'null'))
test('the origin of a file URL is "null"', () => eq(new URL('file:///x').origin, 'null'))
test('the origin of a blob URL is that of its path', () => eq(new URL('blob:https://a.test:99/x').origin, 'https://a.test:99'))
test('the origin of a blob URL of something else is "null"', () => eq(new URL('blob:x:y').origin, 'null'))
test('toString and toJSON are href', () => {
  const u = full()
  eq([u.toString(), u.toJSON(), JSON.stringify({ u }), `${u}`], [u.href, u.href, `{"u":"${u.href}"}`, u.href])
})

const sets = (name, start, property, value, want) => test(`setting ${name}`, () => {
  const u = new URL(start)
  u[property] = value
  eq(u.href, want)
})
sets('href replaces all', 'http://a.test/', 'href', 'x:y', 'x:y')
test('setting href to nonsense throws and changes nothing', () => {
  const u = full()
  const before = u.href
  throws(TypeError, () => { u.href = 'nonsense' })
  eq(u.href, before)
})
sets('protocol', 'http://a.test/', 'protocol', 'https', 'https://a.test/')
sets('protocol takes text up to a colon', 'http://a.test/', 'protocol', 'https:foo', 'https://a.test/')
sets('protocol to a scheme that is not special is ignored', 'http://a.test/', 'protocol', 'x', 'http://a.test/')
sets('protocol drops what is then the default port', 'http://a.test:443/', 'protocol', 'https', 'https://a.test/')
sets('protocol to nonsense is ignored', 'http://a.test/', 'protocol', '1', 'http://a.test/')
sets('username encodes', 'http://a.test/', 'username', 'a b@', 'http://a%20b%40@a.test/')
sets('username on a URL without a host is ignored', 'mailto:x', 'username', 'a', 'mailto:x')
sets('password', 'http://u@a.test/', 'password', 'p:', 'http://u:p%3A@a.test/')
sets('password to nothing', 'http://u:p@a.test/', 'password', '', 'http://u@a.test/')
sets('host with a port', 'http://a.test/', 'host', 'b.test:81', 'http://b.test:81/')
sets('host without a port keeps it', 'http://a.test:80/', 'host', 'b.test', 'http://b.test/')
sets('host stops at a slash', 'http://a.test/x', 'host', 'b.test/y', 'http://b.test/x')
sets('host to something invalid is ignored', 'http://a.test/', 'host', 'a b', 'http://a.test/')
sets('hostname', 'http://a.test:81/', 'hostname', 'b.test', 'http://b.test:81/')
sets('hostname with a port is ignored', 'http://a.test/', 'hostname', 'b.test:81', 'http://a.test/')
sets('hostname to nothing is ignored in special schemes', 'http://a.test/', 'hostname', '', 'http://a.test/')
sets('port', 'http://a.test/', 'port', '81', 'http://a.test:81/')
sets('port to a number', 'http://a.test/', 'port', 82, 'http://a.test:82/')
sets('port to nothing', 'http://a.test:81/', 'port', '', 'http://a.test/')
sets('port takes leading digits', 'http://a.test/', 'port', '83abc', 'http://a.test:83/')
sets('port too large is ignored', 'http://a.test:81/', 'port', '70000', 'http://a.test:81/')
sets('port to the default', 'https://a.test:81/', 'port', '443', 'https://a.test/')
sets('pathname', 'http://a.test/x', 'pathname', 'y/../z?#', 'http://a.test/z%3F%23')
sets('pathname of an opaque path is ignored', 'mailto:x', 'pathname', 'y', 'mailto:x')
sets('search adds the question mark', 'http://a.test/', 'search', 'a=b c', 'http://a.test/?a=b%20c')
sets('search takes one with the mark', 'http://a.test/', 'search', '?a', 'http://a.test/?a')
sets('search to nothing', 'http://a.test/?a#f', 'search', '', 'http://a.test/#f')
sets('search encodes #', 'http://a.test/', 'search', 'a#b', 'http://a.test/?a%23b')
sets('hash', 'http://a.test/', 'hash', 'x y', 'http://a.test/#x%20y')
sets('hash to nothing', 'http://a.test/#f', 'hash', '', 'http://a.test/')
test('origin and searchParams are read-only', () => {
  const u = full()
  throws(TypeError, () => { u.origin = 'http://b.test' })
  throws(TypeError, () => { u.searchParams = new URLSearchParams() })
})

test('searchParams is the same object each time', () => {
  const u = full()
  ok(u.searchParams === u.searchParams)
})
test('changing searchParams changes the URL', () => {
  const u = new URL('http://a.test/?a=1')
  u.searchParams.append('b', 'x y')
  eq(u.href, 'http://a.test/?a=1&b=x+y')
  u.searchParams.delete('a')
  u.searchParams.delete('b')
  eq([u.href, u.search], ['http://a.test/', ''])
})
test('changing the URL changes searchParams', () => {
  const u = new URL('http://a.test/?a=1')
  const p = u.searchParams
  u.search = '?b=2'
  eq([...p], [['b', '2']])
  u.href = 'http://a.test/?c=3'
  eq([...p], [['c', '3']])
})
test('reading searchParams leaves the query as it is', () => {
  const u = new URL("http://a.test/?a=~'x y")
  u.searchParams.get('a')
  eq(u.search, '?a=~%27x%20y')
})

test('URL.canParse', () => eq([URL.canParse('http://a.test'), URL.canParse('x'), URL.canParse('x', 'http://a.test'), URL.canParse('x', 'y')], [true, false, true, false]))
test('URL.parse gives null for what is none', () => {
  eq([URL.parse('x'), URL.parse('x', 'y')], [null, null])
  eq(URL.parse('x', 'http://a.test').href, 'http://a.test/x')
})
test('canParse and parse need an argument', () => {
  throws(TypeError, () => URL.canParse())
  throws(TypeError, () => URL.parse())
})
test('URL needs new and an argument', () => {
  throws(TypeError, () => new URL())
})
test('URL cannot be called', () => throws(TypeError, () => URL('http://a.test')))
test('undefined as the base is no base', () => eq(new URL('http://a.test', undefined).href, 'http://a.test/'))
test('null as the base is the string "null"', () => throws(TypeError, () => new URL('x', null)))
test('the argument is made a string', () => eq(new URL({ toString: () => 'http://a.test/x' }).pathname, '/x'))
test('a Symbol cannot be', () => throws(TypeError, () => new URL(Symbol('x'))))
test('getters have a brand', () => {
  const get = Object.getOwnPropertyDescriptor(URL.prototype, 'href').get
  throws(TypeError, () => get.call({}))
  throws(TypeError, () => get.call(null))
  throws(TypeError, () => URL.prototype.href)
})
test('attributes are enumerable and on the prototype', () => {
  const d = Object.getOwnPropertyDescriptor(URL.prototype, 'host')
  eq([d.enumerable, d.configurable, typeof d.get, typeof d.set], [true, true, 'function', 'function'])
  eq(Object.keys(full()), [])
})
test('Symbol.toStringTag of URL', () => eq([Object.prototype.toString.call(full()), URL.prototype[Symbol.toStringTag]], ['[object URL]', 'URL']))
test('the name of the class', () => eq(URL.name, 'URL'))
workers('an invalid URL has this message', () => throws(TypeError, () => new URL('nonsense'), 'Invalid URL string.'))

export default handler
