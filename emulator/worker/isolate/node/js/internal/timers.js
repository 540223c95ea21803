// The objects that stand for timers.

import native from 'cfemu:native/timers'

export class Timeout {
  #id
  #set
  #callback
  #delay
  #args
  #referred = true

  constructor(set, callback, delay = 1, args = []) {
    this.#set = set
    this.#callback = callback
    this.#delay = delay * 1
    this.#args = args
    this.#start()
  }

  #start() {
    this.#id = this.#set(this.#callback, this.#delay, ...this.#args)
  }

  refresh() {
    native.clearTimeout(this.#id)
    this.#start()
    return this
  }

  ref() {
    this.#referred = true
    return this
  }

  unref() {
    this.#referred = false
    return this
  }

  hasRef() {
    return this.#referred
  }

  close() {
    native.clearTimeout(this.#id)
    return this
  }

  [Symbol.toPrimitive]() {
    return this.#id
  }
}

export class Immediate {
  #id
  #referred = true

  constructor(callback, args) {
    this.#id = native.setTimeout(callback, 0, ...args)
  }

  ref() {
    this.#referred = true
    return this
  }

  unref() {
    this.#referred = false
    return this
  }

  hasRef() {
    return this.#referred
  }

  /** For clearImmediate. */
  [Symbol.for('cfemu.clear')]() {
    native.clearTimeout(this.#id)
  }
}

for (const [Class, clear] of [[Timeout, 'close'], [Immediate, Symbol.for('cfemu.clear')]]) {
  if (Symbol.dispose) Object.defineProperty(Class.prototype, Symbol.dispose, { configurable: true, writable: true, value: Class.prototype[clear] })
}
