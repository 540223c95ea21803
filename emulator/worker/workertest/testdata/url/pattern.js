// URLPattern Standard.
import { test, eq, ok, throws, handler } from '../workertest.js'

test('a pathname with a name', () => {
  const m = new URLPattern({ pathname: '/users/:id' }).exec('https://a.test/users/7')
  eq([m.pathname.input, m.pathname.groups], ['/users/7', { id: '7' }])
  eq(m.inputs, ['https://a.test/users/7'])
})
test('test says whether it matches', () => {
  const p = new URLPattern({ pathname: '/users/:id' })
  eq([p.test('https://a.test/users/7'), p.test('https://a.test/users/7/x'), p.test('https://a.test/')], [true, false, false])
})
test('exec gives null', () => eq(new URLPattern({ pathname: '/x' }).exec('https://a.test/y'), null))
test('a wildcard has a number', () => eq(new URLPattern({ pathname: '/files/*' }).exec('https://a.test/files/a/b').pathname.groups, { 0: 'a/b' }))
test('a regular expression', () => {
  const p = new URLPattern({ pathname: '/:year(\\d{4})' })
  eq([p.test('https://a.test/2026'), p.test('https://a.test/26')], [true, false])
})
test('an optional name', () => {
  const p = new URLPattern({ pathname: '/a/:b?' })
  eq([p.exec('https://a.test/a').pathname.groups, p.exec('https://a.test/a/c').pathname.groups], [{ b: undefined }, { b: 'c' }])
})
test('one or more', () => {
  const p = new URLPattern({ pathname: '/:p+' })
  eq([p.exec('https://a.test/x/y').pathname.groups, p.test('https://a.test/')], [{ p: 'x/y' }, false])
})
test('zero or more', () => eq(new URLPattern({ pathname: '/a/:p*' }).exec('https://a.test/a').pathname.groups, { p: undefined }))
test('a group in braces', () => {
  const p = new URLPattern({ pathname: '/book{s}?' })
  eq([p.test('https://a.test/book'), p.test('https://a.test/books'), p.test('https://a.test/bookss')], [true, true, false])
})
test('a pattern string with all parts', () => {
  const p = new URLPattern('https://*.a.test/:x\\?q=*#h')
  eq([p.protocol, p.hostname, p.pathname, p.search, p.hash], ['https', '*.a.test', '/:x', 'q=*', 'h'])
  eq(p.exec('https://b.a.test/1?q=2#h').hostname.groups, { 0: 'b' })
})
test('a base URL', () => ok(new URLPattern('/x/:y', 'https://a.test').test('https://a.test/x/1')))
test('a relative string without a base is a TypeError', () => throws(TypeError, () => new URLPattern('/x')))
test('parts that are not given match anything', () => {
  const p = new URLPattern({ hostname: 'a.test' })
  eq([p.protocol, p.port, p.pathname, p.search], ['*', '*', '*', '*'])
})
test('input as a dictionary', () => ok(new URLPattern({ pathname: '/x' }).test({ pathname: '/x' })))
test('ignoreCase', () => {
  const p = new URLPattern({ pathname: '/Foo' }, { ignoreCase: true })
  eq([p.test('https://a.test/fOO'), new URLPattern({ pathname: '/Foo' }).test('https://a.test/foo')], [true, false])
})
test('hasRegExpGroups', () => eq([new URLPattern({ pathname: '/(x)' }).hasRegExpGroups, new URLPattern({ pathname: '/:x' }).hasRegExpGroups], [true, false]))
test('a broken pattern is a TypeError', () => {
  throws(TypeError, () => new URLPattern({ pathname: '/(' }))
  throws(TypeError, () => new URLPattern({ pathname: '/:a/:a' }))
})
test('port and default port', () => {
  const p = new URLPattern('https://a.test:443/')
  eq([p.port, p.test('https://a.test/')], ['', true])
})
test('a result has all components', () => eq(Object.keys(new URLPattern().exec('https://a.test/')).sort(), ['hash', 'hostname', 'inputs', 'password', 'pathname', 'port', 'protocol', 'search', 'username']))

export default handler
