// Runs the clauses that are pure standard in Node.js, to check the expectations themselves:
//
//   node testdata/run.mjs [area | area/case]…
//
// Cases in .txtar files are Workers through and through and are left out, as is testdata/events.
import { readdirSync, readFileSync } from 'node:fs'

const here = new URL('.', import.meta.url)
const wanted = process.argv.slice(2)
const known = new Set(readFileSync(new URL('../known/node.txt', here), 'utf8').split('\n').filter((l) => l && !l.startsWith('#')))
const { clauses, runAll } = await import('./workertest.js')

const cases = []
for (const area of readdirSync(here, { withFileTypes: true })) {
  if (!area.isDirectory() || area.name === 'events') continue
  for (const file of readdirSync(new URL(area.name + '/', here))) {
    const name = `${area.name}/${file.replace(/\.js$/, '')}`
    if (file.endsWith('.js') && (!wanted.length || wanted.includes(area.name) || wanted.includes(name))) cases.push(name)
  }
}

process.on('unhandledRejection', () => {}) // some clauses leave some on purpose

let passed = 0
let failed = 0
for (const name of cases) {
  await import(`./${name}.js`)
  const standard = clauses.splice(0).filter((c) => c.standard)
  const verdicts = await runAll(standard, { env: {}, ctx: { waitUntil() {} } })
  for (const v of verdicts) {
    const clause = `${name}: ${v.name}`
    if (known.has(clause) !== Boolean(v.error)) {
      failed++
      console.log(`${clause}\n    ${v.error ?? 'holds now: take it off known/node.txt'}`)
    } else passed++
  }
}
console.log(`${passed} as expected, ${failed} not, in ${cases.length} cases`)
process.exit(failed ? 1 : 0)
