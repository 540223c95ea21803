// node:diagnostics_channel.

import { codes } from 'node:internal/errors'
import { validateFunction } from 'node:internal/validators'

const channels = new Map()

function report(error) {
  queueMicrotask(() => {
    throw error
  })
}

export class Channel {
  #subscribers = []
  #stores = new Map()

  constructor(name) {
    this.name = name
  }

  get hasSubscribers() {
    return this.#subscribers.length > 0 || this.#stores.size > 0
  }

  subscribe(subscription) {
    validateFunction(subscription, 'subscription')
    this.#subscribers = [...this.#subscribers, subscription]
  }

  unsubscribe(subscription) {
    const at = this.#subscribers.indexOf(subscription)
    if (at < 0) return false
    this.#subscribers = this.#subscribers.filter((_, i) => i !== at)
    return true
  }

  bindStore(store, transform) {
    this.#stores.set(store, transform)
  }

  unbindStore(store) {
    return this.#stores.delete(store)
  }

  publish(message) {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(message, this.name)
      } catch (error) {
        report(error)
      }
    }
  }

  runStores(data, fn, thisArg, ...args) {
    let run = () => {
      this.publish(data)
      return fn.apply(thisArg, args)
    }
    for (const [store, transform] of this.#stores) {
      const inner = run
      run = () => {
        let context = data
        if (transform) {
          try {
            context = transform(data)
          } catch (error) {
            report(error)
            return inner()
          }
        }
        return store.run(context, inner)
      }
    }
    return run()
  }
}

export function channel(name) {
  if (typeof name !== 'string' && typeof name !== 'symbol') throw new codes.ERR_INVALID_ARG_TYPE('channel', ['string', 'symbol'], name)
  if (!channels.has(name)) channels.set(name, new Channel(name))
  return channels.get(name)
}

export function subscribe(name, subscription) {
  return channel(name).subscribe(subscription)
}

export function unsubscribe(name, subscription) {
  return channel(name).unsubscribe(subscription)
}

export function hasSubscribers(name) {
  return channels.get(name)?.hasSubscribers ?? false
}

const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']

class TracingChannel {
  constructor(nameOrChannels) {
    for (const event of events) {
      this[event] = typeof nameOrChannels === 'string' ? channel(`tracing:${nameOrChannels}:${event}`) : nameOrChannels[event]
    }
  }

  get hasSubscribers() {
    return events.some(event => this[event]?.hasSubscribers)
  }

  subscribe(handlers) {
    for (const event of events) if (handlers[event]) this[event]?.subscribe(handlers[event])
  }

  unsubscribe(handlers) {
    return events.every(event => !handlers[event] || this[event]?.unsubscribe(handlers[event]))
  }

  traceSync(fn, context = {}, thisArg, ...args) {
    return this.start.runStores(context, () => {
      try {
        return context.result = fn.apply(thisArg, args)
      } catch (error) {
        context.error = error
        this.error.publish(context)
        throw error
      } finally {
        this.end.publish(context)
      }
    })
  }

  tracePromise(fn, context = {}, thisArg, ...args) {
    const settled = key => value => {
      context[key] = value
      if (key === 'error') this.error.publish(context)
      this.asyncStart.publish(context)
      this.asyncEnd.publish(context)
      if (key === 'error') throw value
      return value
    }
    return this.start.runStores(context, () => {
      try {
        return Promise.resolve(fn.apply(thisArg, args)).then(settled('result'), settled('error'))
      } catch (error) {
        context.error = error
        this.error.publish(context)
        throw error
      } finally {
        this.end.publish(context)
      }
    })
  }

  traceCallback(fn, position = -1, context = {}, thisArg, ...args) {
    const callback = args.at(position)
    validateFunction(callback, 'callback')
    const { asyncStart, asyncEnd, error: failed } = this
    args.splice(position, 1, function (error, result) {
      if (error) {
        context.error = error
        failed.publish(context)
      } else {
        context.result = result
      }
      return asyncStart.runStores(context, () => {
        try {
          return callback.apply(this, arguments)
        } finally {
          asyncEnd.publish(context)
        }
      })
    })
    return this.start.runStores(context, () => {
      try {
        return fn.apply(thisArg, args)
      } catch (error) {
        context.error = error
        failed.publish(context)
        throw error
      } finally {
        this.end.publish(context)
      }
    })
  }
}

export function tracingChannel(nameOrChannels) {
  return new TracingChannel(nameOrChannels)
}

export default { Channel, channel, hasSubscribers, subscribe, tracingChannel, unsubscribe }
