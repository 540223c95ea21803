// What production's own classes say they are.

/**
 * Gives a class the name by which production's printers and String() know it.
 * @param {Function} ctor
 * @param {string} name
 */
export function tag(ctor, name) {
  Object.defineProperty(ctor, 'name', { value: name, configurable: true })
  Object.defineProperty(ctor.prototype, Symbol.toStringTag, { value: name, configurable: true })
}
