// Globals that are plain JavaScript over setTimeout.

/** @param {{reportError: (error: unknown) => void, illegalInvocation: string}} natives */
export function installGlobals({ reportError, illegalInvocation }) {
  const resolved = Promise.resolve()
  const then = Promise.prototype.then

  const needGlobal = (receiver) => {
    if (receiver != null && receiver !== globalThis) throw new TypeError(illegalInvocation)
  }

  define('queueMicrotask', function queueMicrotask(callback) {
    needGlobal(this)
    if (typeof callback !== 'function') {
      throw new TypeError("Failed to execute 'queueMicrotask' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'function'.")
    }
    then.call(resolved, () => {
      try {
        callback()
      } catch (error) {
        reportError(error)
      }
    })
  })

  define('reportError', function (error) {
    needGlobal(this)
    if (arguments.length === 0) throw new TypeError("Failed to execute 'reportError': 1 argument required, but only 0 present.")
    reportError(error)
  })

  define('scheduler', {
    /**
     * @param {number} delay in milliseconds
     * @param {{signal?: AbortSignal}} [options]
     * @returns {Promise<void>}
     */
    wait(delay, options) {
      const signal = options?.signal
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason)
          return
        }
        const id = setTimeout(() => {
          signal?.removeEventListener('abort', abort)
          resolve()
        }, delay)
        const abort = () => {
          clearTimeout(id)
          reject(signal.reason)
        }
        signal?.addEventListener('abort', abort, { once: true })
      })
    },
  })
}

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true })
}
