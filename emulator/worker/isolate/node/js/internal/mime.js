// MIMEType and MIMEParams.
// Receipt: https://mimesniff.spec.whatwg.org/#parsing-a-mime-type

import { codes } from 'node:internal/errors'

const notToken = /[^!#$%&'*+\-.^_`|~A-Za-z0-9]/
const notQuotable = /[^\t\u0020-~\u0080-\u00FF]/

function checked(text, production) {
  const at = text.search(notToken)
  if (text === '' || at >= 0) throw new codes.ERR_INVALID_MIME_SYNTAX(production, text, at)
  return text
}

export class MIMEParams {
  #values = new Map()

  /** @param {string} text what follows the essence, from its first ; on */
  static parse(text, params) {
    let at = 0
    while (at < text.length) {
      at++ // the semicolon
      while (/[\r\n\t ]/.test(text[at] ?? '')) at++
      const rest = text.slice(at)
      const end = rest.search(/[;=]/)
      const name = (end < 0 ? rest : rest.slice(0, end)).toLowerCase()
      at += end < 0 ? rest.length : end
      if (text[at] !== '=') continue
      at++
      let value
      if (text[at] === '"') {
        const quoted = /^"((?:[^"\\]|\\[^])*)(?:"|\\?$)/.exec(text.slice(at))
        value = quoted[1].replace(/\\([^])/g, '$1')
        at += quoted[0].length
        while (at < text.length && text[at] !== ';') at++
      } else {
        const stop = text.indexOf(';', at)
        value = text.slice(at, stop < 0 ? text.length : stop).replace(/[\r\n\t ]*$/, '')
        at = stop < 0 ? text.length : stop
        if (value === '') continue
      }
      if (name !== '' && !notToken.test(name) && !notQuotable.test(value) && !params.#values.has(name)) params.#values.set(name, value)
    }
    return params
  }

  delete(name) {
    this.#values.delete(`${name}`)
  }

  get(name) {
    return this.#values.get(`${name}`) ?? null
  }

  has(name) {
    return this.#values.has(`${name}`)
  }

  set(name, value) {
    name = checked(`${name}`, 'parameter name')
    value = `${value}`
    const at = value.search(notQuotable)
    if (at >= 0) throw new codes.ERR_INVALID_MIME_SYNTAX('parameter value', value, at)
    this.#values.set(name, value)
  }

  * entries() {
    yield* this.#values.entries()
  }

  * keys() {
    yield* this.#values.keys()
  }

  * values() {
    yield* this.#values.values()
  }

  toString() {
    return Array.from(this.#values, ([name, value]) =>
      `${name}=${value === '' || notToken.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value}`).join(';')
  }

  [Symbol.iterator]() {
    return this.entries()
  }

  toJSON() {
    return this.toString()
  }
}

export class MIMEType {
  #type
  #subtype
  #params

  constructor(text) {
    text = `${text}`
    const trimmed = text.replace(/^[\r\n\t ]+|[\r\n\t ]+$/g, '')
    const slash = trimmed.indexOf('/')
    const type = slash < 0 ? trimmed : trimmed.slice(0, slash)
    if (slash < 0 || type === '' || notToken.test(type)) throw new codes.ERR_INVALID_MIME_SYNTAX('type', trimmed, type.search(notToken))
    const semicolon = trimmed.indexOf(';', slash)
    const subtype = trimmed.slice(slash + 1, semicolon < 0 ? undefined : semicolon).replace(/[\r\n\t ]+$/, '')
    if (subtype === '' || notToken.test(subtype)) throw new codes.ERR_INVALID_MIME_SYNTAX('subtype', trimmed, subtype.search(notToken))
    this.#type = type.toLowerCase()
    this.#subtype = subtype.toLowerCase()
    this.#params = semicolon < 0 ? new MIMEParams() : MIMEParams.parse(trimmed.slice(semicolon), new MIMEParams())
  }

  get type() {
    return this.#type
  }

  set type(value) {
    this.#type = checked(`${value}`, 'type').toLowerCase()
  }

  get subtype() {
    return this.#subtype
  }

  set subtype(value) {
    this.#subtype = checked(`${value}`, 'subtype').toLowerCase()
  }

  get essence() {
    return `${this.#type}/${this.#subtype}`
  }

  get params() {
    return this.#params
  }

  toString() {
    const params = this.#params.toString()
    return this.essence + (params ? ';' + params : '')
  }

  toJSON() {
    return this.toString()
  }
}
