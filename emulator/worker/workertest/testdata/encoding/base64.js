// HTML Standard §8.3: atob and btoa.
import { test, eq, throws, handler } from '../workertest.js'

test('btoa', () => eq(['', 'a', 'ab', 'abc', '\xff\xfe'].map((s) => btoa(s)), ['', 'YQ==', 'YWI=', 'YWJj', '//4=']))
test('btoa makes strings', () => eq([btoa(null), btoa(12), btoa(undefined)], ['bnVsbA==', 'MTI=', 'dW5kZWZpbmVk']))
test('btoa above U+00FF is an InvalidCharacterError', () => throws('InvalidCharacterError', () => btoa('€')))
test('atob', () => eq(['', 'YQ==', 'YWI=', 'YWJj', '//4='].map((s) => atob(s)), ['', 'a', 'ab', 'abc', '\xff\xfe']))
test('atob forgives missing padding', () => eq([atob('YQ'), atob('YWI')], ['a', 'ab']))
test('atob ignores ASCII whitespace', () => eq(atob(' Y\tW\nJ\fj\r'), 'abc'))
test('atob ignores bits that are left over', () => eq(atob('YR=='), 'a'))
for (const bad of ['Y', 'YWJjZ', 'YQ=', 'Y=Q=', '=', '====', 'YW-_', 'YWJj=', 'YQ==YQ==', 'ab\u00a0c', 'a\vbc']) {
  test(`atob of ${JSON.stringify(bad)} is an InvalidCharacterError`, () => throws('InvalidCharacterError', () => atob(bad)))
}
test('atob makes strings', () => eq(atob(null), '\x9e\xe9\x65'))
test('both need an argument', () => {
  throws(TypeError, () => atob())
  throws(TypeError, () => btoa())
})
test('all bytes make the round trip', () => {
  let s = ''
  for (let i = 0; i < 256; i++) s += String.fromCharCode(i)
  eq(atob(btoa(s)), s)
})
test('the error is a DOMException of code 5', () => {
  const e = throws('InvalidCharacterError', () => atob('*'))
  eq([e.code, e instanceof Error], [5, true])
})

export default handler
