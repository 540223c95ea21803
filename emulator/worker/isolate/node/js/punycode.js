// node:punycode.

import native from 'cfemu:native/url'

export const version = '2.1.0'

export const ucs2 = {
  decode: text => Array.from(text, c => c.codePointAt(0)),
  encode: points => String.fromCodePoint(...points),
}

export function encode(text) {
  return native.punycodeEncode(text)
}

export function decode(text) {
  const decoded = native.punycodeDecode(text)
  if (decoded === '' && text !== '') throw new RangeError('Invalid input')
  return decoded
}

/** Applies f to the labels of a domain, or of an address's domain. */
function eachLabel(domain, f) {
  const at = domain.lastIndexOf('@')
  const labels = domain.slice(at + 1).replace(/[\u3002\uFF0E\uFF61]/g, '.').split('.')
  return domain.slice(0, at + 1) + labels.map(f).join('.')
}

export function toASCII(domain) {
  return eachLabel(domain, label => (/[^\0-\x7F]/.test(label) ? 'xn--' + encode(label) : label))
}

export function toUnicode(domain) {
  return eachLabel(domain, label => (/^xn--/.test(label) ? decode(label.slice(4).toLowerCase()) : label))
}

export default { decode, encode, toASCII, toUnicode, ucs2, version }
