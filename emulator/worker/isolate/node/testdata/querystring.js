import qs, { parse, stringify, escape, unescape, unescapeBuffer } from 'node:querystring'

export default {
  'escape': () => ['a b', "!'()*~-_.", 'é€😀', '&=?/:+%', '', 5, true, null, undefined, {}, ['a', 'b']].map(v => escape(v)),
  'escape of half a character': () => escape('\ud800'),
  'unescape': () => ['a%20b', 'a+b', '%E2%82%AC', '%zz', '%', '%E2%82', 'a%2'].map(v => unescape(v)),
  'unescapeBuffer': () => ['a%20b', '%ff%00', '%zz', '+'].map(v => unescapeBuffer(v)),
  'parse': () => ['a=b', 'a=b&c=d', 'a=1&a=2&a=3', 'a', 'a=', '=a', '=', '&', 'a&b', 'a==b', 'a=b=c', '&&a=b&&', 'a+b=c+d', 'a%20b=%26', '%zz=1', 'é=€', '__proto__=1', '', 'a=%E2%82', '?a=b'].map(v => parse(v)),
  'parse of other things': () => [null, undefined, 5, {}].map(v => parse(v)),
  'parse with separators': () => [parse('a:b;c:d', ';', ':'), parse('a=>b, c=>d', ', ', '=>'), parse('a&b', null, null)],
  'parse with limits': () => [Object.keys(parse('a&b&c', null, null, { maxKeys: 2 })).length, Object.keys(parse(Array.from({ length: 1100 }, (_, i) => 'k' + i).join('&'))).length, Object.keys(parse(Array.from({ length: 1100 }, (_, i) => 'k' + i).join('&'), null, null, { maxKeys: 0 })).length],
  'parse with a decoder': () => [parse('a=b%20c', null, null, { decodeURIComponent: s => s.toUpperCase() }), parse('a=b', null, null, { decodeURIComponent: () => { throw new Error('x') } })],
  'the result has no prototype': () => [Object.getPrototypeOf(parse('a=b')) === null],
  'stringify': () => [{ a: 'b' }, { a: ['1', 2, true] }, { a: '' }, { a: null, b: undefined, c: NaN, d: Infinity, e: {}, f: 5n, g: -0, h: 1.5 }, { 'a b': 'c&d' }, { a: [] }, { a: [null, 'x'] }, {}].map(v => stringify(v)),
  'stringify of other things': () => [null, undefined, 'a', 5].map(v => stringify(v)),
  'stringify with separators and an encoder': () => [stringify({ a: 'b', c: ['d', 'e'] }, ';', ':'), stringify({ a: 'b c' }, null, null, { encodeURIComponent: s => `<${s}>` })],
  'aliases': () => [qs.encode === qs.stringify, qs.decode === qs.parse],
}
