// util.parseArgs.

import { codes } from 'node:internal/errors'
import { validateArray, validateBoolean, validateObject, validateString } from 'node:internal/validators'

function checkOptions(options) {
  validateObject(options, 'options')
  for (const [name, config] of Object.entries(options)) {
    const at = `options.${name}`
    validateObject(config, at)
    if (config.type !== 'string' && config.type !== 'boolean') throw new codes.ERR_INVALID_ARG_TYPE(`${at}.type`, "('string|boolean')", config.type)
    if (Object.hasOwn(config, 'short')) {
      validateString(config.short, `${at}.short`)
      if (config.short.length !== 1) throw new codes.ERR_INVALID_ARG_VALUE(`${at}.short`, config.short, 'must be a single character')
    }
    if (Object.hasOwn(config, 'multiple')) validateBoolean(config.multiple, `${at}.multiple`)
    if (config.default !== undefined) {
      const check = config.type === 'string' ? validateString : validateBoolean
      if (config.multiple) {
        validateArray(config.default, `${at}.default`)
        config.default.forEach((v, i) => check(v, `${at}.default[${i}]`))
      } else {
        check(config.default, `${at}.default`)
      }
    }
  }
}

const longOf = (short, options) => Object.keys(options).find(name => options[name].short === short) ?? short

/** The arguments one by one, as options, positionals and the terminator. */
function tokenise(args, options) {
  const tokens = [], rest = args.map((text, index) => ({ text, index }))
  const typeOf = name => (Object.hasOwn(options, name) ? options[name].type : undefined)
  const option = (name, rawName, index, value, inlineValue) => tokens.push({ kind: 'option', name, rawName, index, value, inlineValue })
  const take = (name, rawName, index) => {
    if (typeOf(name) === 'string' && rest.length > 0) option(name, rawName, index, rest.shift().text, false)
    else option(name, rawName, index)
  }
  while (rest.length > 0) {
    const { text, index } = rest.shift()
    if (text === '--') {
      tokens.push({ kind: 'option-terminator', index })
      tokens.push(...rest.map(r => ({ kind: 'positional', index: r.index, value: r.text })))
      break
    }
    if (text.startsWith('--') && text.length > 2) {
      const at = text.indexOf('=')
      if (at > 2) option(text.slice(2, at), text.slice(0, at), index, text.slice(at + 1), true)
      else take(text.slice(2), text, index)
    } else if (text.startsWith('-') && text.length === 2) {
      take(longOf(text[1], options), text, index)
    } else if (text.startsWith('-') && text.length > 2) {
      const name = longOf(text[1], options)
      if (typeOf(name) === 'string') {
        option(name, text.slice(0, 2), index, text.slice(2), true)
        continue
      }
      // A group such as -abc: one after the other; the first that takes a value takes the rest.
      for (let i = 1; i < text.length; i++) {
        const each = longOf(text[i], options)
        if (typeOf(each) === 'string' && i < text.length - 1) {
          rest.unshift({ text: `-${text.slice(i)}`, index })
          break
        }
        take(each, `-${text[i]}`, index)
      }
    } else {
      tokens.push({ kind: 'positional', index, value: text })
    }
  }
  return tokens
}

function checkToken(token, options, allowPositionals) {
  if (!Object.hasOwn(options, token.name)) throw new codes.ERR_PARSE_ARGS_UNKNOWN_OPTION(token.rawName, allowPositionals)
  const { short, type } = options[token.name]
  const shown = `${short ? `-${short}, ` : ''}--${token.name}`
  if (type === 'string' && typeof token.value !== 'string') {
    throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${shown} <value>' argument missing`)
  }
  if (type === 'boolean' && token.value != null) {
    throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${shown}' does not take an argument`)
  }
  if (!token.inlineValue && typeof token.value === 'string' && token.value.startsWith('-') && token.value.length > 1) {
    const example = token.rawName.startsWith('--') ? `'${token.rawName}=-XYZ'` : `'--${token.name}=-XYZ' or '${token.rawName}-XYZ'`
    throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${token.rawName}' argument is ambiguous.\n` +
      `Did you forget to specify the option argument for '${token.rawName}'?\n` +
      `To specify an option argument starting with a dash use ${example}.`)
  }
}

function store(values, options, name, value) {
  if (name === '__proto__') return
  const stored = value ?? true
  if (options[name]?.multiple) (values[name] ??= []).push(stored)
  else values[name] = stored
}

/** @param {{args?: string[], options?: object, strict?: boolean, allowPositionals?: boolean, tokens?: boolean}} [config] */
export function parseArgs(config = {}) {
  validateObject(config, 'config')
  const args = config.args ?? []
  const strict = config.strict ?? true
  const allowPositionals = config.allowPositionals ?? !strict
  const options = config.options ?? {}
  validateArray(args, 'args')
  validateBoolean(strict, 'strict')
  validateBoolean(allowPositionals, 'allowPositionals')
  validateBoolean(config.tokens ?? false, 'tokens')
  checkOptions(options)
  const tokens = tokenise(args, options)
  const result = { values: Object.create(null), positionals: [] }
  for (const token of tokens) {
    if (token.kind === 'option') {
      if (strict) checkToken(token, options, allowPositionals)
      store(result.values, options, token.name, token.value)
    } else if (token.kind === 'positional') {
      if (!allowPositionals) throw new codes.ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL(token.value)
      result.positionals.push(token.value)
    }
  }
  for (const [name, option] of Object.entries(options)) {
    if (option.default !== undefined && result.values[name] === undefined) result.values[name] = option.default
  }
  if (config.tokens) result.tokens = tokens
  return result
}
