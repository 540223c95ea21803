// AssertionError and the messages that it makes of what was compared.

import util from 'cfemu:native/util'
import { validateObject } from 'node:internal/validators'

const heads = {
  deepStrictEqual: 'Expected values to be strictly deep-equal:',
  strictEqual: 'Expected values to be strictly equal:',
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: 'Expected values to be loosely deep-equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: 'Values have same structure but are not reference-equal:',
  notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
}

// Beyond this many columns a short comparison is not put on one line.
const shortest = 12

const show = value => util.inspect(value, {
  compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, maxStringLength: Infinity, breakLength: Infinity,
  showHidden: false, showProxy: false, sorted: true, getters: true,
})

const isObject = value => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** The lines of two texts, those of one only marked + and -. */
function difference(actual, expected) {
  const a = actual.split('\n'), b = expected.split('\n')
  // The longest common subsequence, from the end.
  const table = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1])
    }
  }
  const lines = []
  let i = 0, j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push('  ' + a[i++])
      j++
    } else if (i < a.length && (j >= b.length || table[i + 1][j] >= table[i][j + 1])) {
      lines.push('+ ' + a[i++])
    } else {
      lines.push('- ' + b[j++])
    }
  }
  return lines
}

/** Long stretches of equal lines are left out. */
function shortened(lines) {
  const keep = new Set()
  lines.forEach((line, i) => {
    if (line[0] === ' ') return
    for (let k = i - 2; k <= i + 2; k++) keep.add(k)
  })
  const out = []
  let skipped = false
  for (let i = 0; i < lines.length; i++) {
    if (keep.has(i) || lines.length <= 10) out.push(lines[i])
    else if (out[out.length - 1] !== '...') {
      out.push('...')
      skipped = true
    }
  }
  return { text: out.join('\n'), skipped }
}

/** What a caret below two single lines points at: where they begin to differ. */
function indicator(a, b) {
  if (a.length + b.length >= 80) return ''
  let at = 0
  while (a[at] === b[at]) at++
  return at > 2 ? `\n  ${' '.repeat(at)}^` : ''
}

function compared(actual, expected, operator, message) {
  const objects = isObject(actual) && isObject(expected)
  if (operator === 'strictEqual' && objects) operator = 'strictEqualObject'
  const head = message ?? heads[operator]
  const a = show(actual), b = show(expected)
  if (a === b && (objects || operator !== 'strictEqual')) return `${message ?? heads.notIdentical}\n\n${a}\n`
  const short = !a.includes('\n') && !b.includes('\n')
  if (short && !isObject(actual) && !isObject(expected) && (actual !== 0 || expected !== 0) && a.length + b.length <= shortest) {
    return `${head}\n\n${a} !== ${b}\n`
  }
  const { text, skipped } = shortened(difference(a, b))
  return `${head}\n+ actual - expected${skipped ? ' ... Lines skipped' : ''}\n\n${text}${short && !objects ? indicator(a, b) : ''}`
}

function generated(actual, expected, operator) {
  switch (operator) {
    case 'deepStrictEqual':
    case 'strictEqual':
      return compared(actual, expected, operator)
    case 'notDeepStrictEqual':
    case 'notStrictEqual': {
      const head = heads[operator === 'notStrictEqual' && isObject(actual) ? 'notStrictEqualObject' : operator]
      const lines = show(actual).split('\n')
      if (lines.length > 50) lines.splice(46, Infinity, '...')
      return lines.length === 1 ? `${head}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}` : `${head}\n\n${lines.join('\n')}\n`
    }
  }
  let a = show(actual), b = show(expected)
  if (operator === 'notDeepEqual' && a === b) {
    a = `${heads[operator]}\n\n${a}`
    return a.length > 1024 ? a.slice(0, 1021) + '...' : a
  }
  if (a.length > 512) a = a.slice(0, 509) + '...'
  if (b.length > 512) b = b.slice(0, 509) + '...'
  if (operator === 'deepEqual') return `${heads.deepEqual}\n\n${a}\n\nshould loosely deep-equal\n\n${b}`
  if (operator === 'notDeepEqual') return `${heads.notDeepEqualUnequal}\n\n${a}\n\nshould not loosely deep-equal\n\n${b}`
  return `${a} ${operator} ${b}`
}

// With these the comparison is shown below a message of the caller's too.
const comparisons = ['deepStrictEqual', 'strictEqual']

export class AssertionError extends Error {
  /** @param {{message?: string, actual?: unknown, expected?: unknown, operator?: string, stackStartFn?: Function}} options */
  constructor(options) {
    validateObject(options, 'options')
    const { message, actual, expected, operator } = options
    super(message == null ? generated(actual, expected, operator) : comparisons.includes(operator) ? compared(actual, expected, operator, message) : String(message))
    this.generatedMessage = !message
    Object.defineProperty(this, 'name', { value: 'AssertionError', enumerable: false, writable: true, configurable: true })
    this.code = 'ERR_ASSERTION'
    this.actual = actual
    this.expected = expected
    this.operator = operator
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`
  }
}
