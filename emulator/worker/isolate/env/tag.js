// What production's own classes say they are.

/** The text of the error for a method that is called on the wrong object. */
let illegalInvocation = ''

/**
 * Gives an object properties as the runtime's own have them: each its own, and not to be written.
 * @type {(object: object, properties: object) => void}
 */
export let define

/** @param {{illegalInvocation: string, define: (object: object, properties: object) => void}} natives */
export function installTag(natives) {
  illegalInvocation = natives.illegalInvocation
  define = natives.define
}

/** What the runtime's own code makes objects with: classes of which no other code can make one ask for it. */
export const own = Symbol('own')

/** Throws unless a constructor was called by the runtime's own code. */
export function needOwn(key) {
  if (key !== own) throw new TypeError('Illegal constructor')
}

/**
 * Gives a class the name by which production's printers and String() know it.
 * @param {Function} ctor
 * @param {string} name
 */
export function tag(ctor, name) {
  Object.defineProperty(ctor, 'name', { value: name, configurable: true })
  Object.defineProperty(ctor.prototype, Symbol.toStringTag, { value: name, configurable: true })
}

/**
 * Makes a class look as production's own do, which are not written in JavaScript: beside the tag, members
 * that can be enumerated, and methods that count no parameters and refuse an object that is not of the class.
 * required has how many arguments a method must be given, by the name of each one's type; one that is missing
 * rejects, or throws in the methods of throwing.
 * @param {Function} ctor
 * @param {string} name
 * @param {Record<string, string[]>} required
 * @param {string[]} [throwing]
 */
export function native(ctor, name, required, throwing = []) {
  tag(ctor, name)
  for (const [member, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(ctor.prototype))) {
    if (member === 'constructor') continue
    const { value: run } = descriptor
    if (run !== undefined) descriptor.value = method(ctor, member, run, required[member] ?? [], throwing.includes(member))
    Object.defineProperty(ctor.prototype, member, { ...descriptor, enumerable: true })
  }
}

function method(ctor, name, run, types, throws) {
  return {
    [name](...args) {
      if (!(this instanceof ctor)) throw new TypeError(illegalInvocation)
      if (args.length >= types.length) return run.apply(this, args)
      const position = args.length
      const error = new TypeError(`Failed to execute '${name}' on '${ctor.name}': parameter ${position + 1} is not of type '${types[position]}'.`)
      if (throws) throw error
      return Promise.reject(error)
    },
  }[name]
}
