// Where warnings go: to node:process once that has run, until then to the console, for nobody can
// have listened.

let sink

/** @param {(warning: Error) => void} f */
export function setWarningSink(f) {
  sink = f
}

/** @param {Error} warning */
export function warn(warning) {
  if (sink) sink(warning)
  else console.warn(`${warning.name}: ${warning.message}`)
}
