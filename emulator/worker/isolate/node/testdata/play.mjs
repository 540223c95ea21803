// Plays a module of cases, in Node.js and in a Worker alike: a line for each case, with what it
// comes to or throws.

/** @param {Record<string, () => unknown>} cases */
export async function play(cases) {
  const lines = []
  for (const [name, run] of Object.entries(cases)) {
    let text
    try {
      text = show(await run())
    } catch (error) {
      text = 'throws ' + (error instanceof Error ? `${error.name}${error.code ? ` [${error.code}]` : ''}: ${error.message}` : show(error))
    }
    lines.push(name + '\n    ' + text.replaceAll('\n', '\n    ') + '\n')
  }
  return lines.join('')
}

function show(value) {
  if (typeof value === 'string') return value
  return String(JSON.stringify(value, function (key, v) {
    const own = this[key]
    if (own instanceof Uint8Array) return '<' + Array.from(own, b => b.toString(16).padStart(2, '0')).join(' ') + '>'
    if (typeof v === 'bigint') return v + 'n'
    if (typeof v === 'function') return '[function ' + v.name + ']'
    if (typeof v === 'number' && !Number.isFinite(v)) return String(v)
    if (Object.is(v, -0)) return '-0'
    if (v === undefined && key !== '') return '[undefined]'
    return v
  }))
}
