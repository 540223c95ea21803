// What the isolate takes from the shims: the bindings by type, the classes of "cloudflare:workers"
// and the globals that are plain JavaScript.

import { WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise } from './workers.js'
import { installGlobals } from './globals.js'

export const workers = { WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise }

/** @param {{reportError: (error: unknown) => void}} natives */
export function install(natives) {
  installGlobals(natives)
}

/** The bindings that answer calls, by type: each makes its env property from the fetcher of its wire. */
export const bindings = {}
